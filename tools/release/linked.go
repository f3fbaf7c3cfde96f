package main

// This file finds out what is linked into the tool, and lists it: in notices for people, in a bill of materials for programs.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// linkedModule is a module of which packages are linked into the tool. The packages that come with Go are the module "std".
type linkedModule struct {
	path, version, dir string

	licenses map[string]string // texts, by their files
	imports  map[string]bool   // paths of other modules
}

// goPackage is what "go list" prints of a package.
type goPackage struct {
	ImportPath, Dir string
	Imports         []string
	Standard        bool
	Module          struct{ Path, Version, Dir string }
}

// linked returns the modules that are linked into the tool for a platform, sorted by their paths.
func (r *release) linked(ctx context.Context, p platform) ([]*linkedModule, error) {
	packages, err := r.listPackages(ctx, p)
	if err != nil {
		return nil, err
	}
	modules := map[string]*linkedModule{}
	moduleOf := map[string]*linkedModule{} // by package
	for _, pkg := range packages {         // each after those that it imports
		module := modules[pkg.Module.Path]
		if module == nil {
			module = &linkedModule{
				path: pkg.Module.Path, version: pkg.Module.Version, dir: pkg.Module.Dir,
				licenses: map[string]string{}, imports: map[string]bool{},
			}
			modules[module.path] = module
		}
		moduleOf[pkg.ImportPath] = module
		for _, imported := range pkg.Imports {
			if other := moduleOf[imported]; other != nil && other != module {
				module.imports[other.path] = true
			}
		}
		if err := module.readLicenses(pkg.Dir); err != nil {
			return nil, err
		}
	}
	return slices.SortedFunc(maps.Values(modules), func(a, b *linkedModule) int { return strings.Compare(a.path, b.path) }), nil
}

func (r *release) listPackages(ctx context.Context, p platform) (packages []goPackage, err error) {
	const fields = "-json=ImportPath,Dir,Imports,Standard,Module"
	listed, err := r.goCommand(ctx, r.abs(toolDir), p.env(), "list", "-deps", fields, ".")
	if err != nil {
		return nil, err
	}
	installed, err := r.goCommand(ctx, r.abs(toolDir), nil, "env", "GOROOT", "GOVERSION")
	if err != nil {
		return nil, err
	}
	root, version, _ := strings.Cut(strings.TrimSpace(installed), "\n")
	decoder := json.NewDecoder(strings.NewReader(listed))
	for {
		var pkg goPackage
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		switch {
		case pkg.Standard:
			pkg.Dir = root
			pkg.Module.Path, pkg.Module.Version, pkg.Module.Dir = "std", strings.TrimPrefix(version, "go"), root
		case pkg.Module.Version == "": // of the tool itself, whose license is that of the repository
			pkg.Dir = r.tree
			pkg.Module.Version, pkg.Module.Dir = r.version, r.tree
		}
		packages = append(packages, pkg)
	}
}

var licenseFile = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|patents)([-.].*)?$`)

// readLicenses reads the license texts that apply to a folder of the module: those beside it and above it.
func (m *linkedModule) readLicenses(folder string) error {
	for {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if !entry.Type().IsRegular() || !licenseFile.MatchString(entry.Name()) {
				continue
			}
			file := filepath.Join(folder, entry.Name())
			text, err := os.ReadFile(file) //nolint:gosec // a file of a module
			if err != nil {
				return err
			}
			name, err := filepath.Rel(m.dir, file)
			if err != nil {
				return err
			}
			m.licenses[filepath.ToSlash(name)] = string(text)
		}
		if folder == m.dir {
			return nil
		}
		folder = filepath.Dir(folder)
	}
}

// knownLicenses are those that permit what the tool does with the code, with a phrase of each. Whoever adds one reads it first.
var knownLicenses = []struct {
	id     string
	phrase *regexp.Regexp
}{
	{"Apache-2.0", regexp.MustCompile(`(?i)apache license,? version 2\.0`)},
	{"MPL-2.0", regexp.MustCompile(`(?i)mozilla public license,? version 2\.0`)},
	{"MIT", regexp.MustCompile(`Permission is hereby granted, free of charge, to any person obtaining a copy`)},
	{"BSD-3-Clause", regexp.MustCompile(`may be used to endorse or promote products derived from this software`)},
	{"BSD-2-Clause", regexp.MustCompile(`Redistribution and use in source and binary forms, with or without modification, are permitted`)},
}

// license returns the license of the module as an SPDX expression.
func (m *linkedModule) license() (string, error) {
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m.licenses)) {
		all.WriteString(strings.Join(strings.Fields(m.licenses[name]), " ") + "\n")
	}
	var ids []string
	for _, known := range knownLicenses {
		isShorterBSD := known.id == "BSD-2-Clause" && slices.Contains(ids, "BSD-3-Clause")
		if known.phrase.MatchString(all.String()) && !isShorterBSD {
			ids = append(ids, known.id)
		}
	}
	if len(ids) == 0 {
		return "", fmt.Errorf("the license of %s is not known", m.path)
	}
	return strings.Join(ids, " AND "), nil
}

// notices returns the licenses of all modules but those of this repository.
func (r *release) notices(modules []*linkedModule) (string, error) {
	var text strings.Builder
	text.WriteString("intune-cert contains the following software. Its source is at https://pkg.go.dev.\n")
	for _, m := range modules {
		if r.isOwn(m) {
			continue
		}
		license, err := m.license()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "\n%s\n%s %s (%s)\n", strings.Repeat("=", 80), m.path, m.version, license)
		for _, name := range slices.Sorted(maps.Keys(m.licenses)) {
			fmt.Fprintf(&text, "\n--- %s\n\n%s\n", name, strings.TrimSpace(m.licenses[name]))
		}
	}
	return text.String(), nil
}

func (r *release) isOwn(m *linkedModule) bool {
	return m.path == r.modules[0].path || strings.HasPrefix(m.path, r.modules[0].path+"/")
}

// billOfMaterials returns the modules as CycloneDX.
func (r *release) billOfMaterials(modules []*linkedModule) ([]byte, error) {
	bom := cyclonedx.NewBOM()
	var components []cyclonedx.Component
	var dependencies []cyclonedx.Dependency
	refs := map[string]string{}
	for _, m := range modules {
		refs[m.path] = "pkg:golang/" + m.path + "@" + m.version
	}
	for _, m := range modules {
		license, err := m.license()
		if err != nil {
			return nil, err
		}
		ref := refs[m.path]
		component := cyclonedx.Component{
			BOMRef: ref, PackageURL: ref, Type: cyclonedx.ComponentTypeLibrary, Name: m.path, Version: m.version,
			Licenses: &cyclonedx.Licenses{{Expression: license}},
		}
		var uses []string
		for _, path := range slices.Sorted(maps.Keys(m.imports)) {
			uses = append(uses, refs[path])
		}
		dependencies = append(dependencies, cyclonedx.Dependency{Ref: ref, Dependencies: &uses})
		if m.path == r.modules[0].path+"/"+toolDir {
			component.Type = cyclonedx.ComponentTypeApplication
			bom.Metadata = &cyclonedx.Metadata{Timestamp: r.date.UTC().Format(time.RFC3339), Component: &component}
			continue
		}
		components = append(components, component)
	}
	bom.Components, bom.Dependencies = &components, &dependencies
	var text bytes.Buffer
	err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	return text.Bytes(), err
}
