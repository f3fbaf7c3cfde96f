package main

// This file lists what is linked into the tool: in notices for people, in a bill of materials for programs.

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"golang.org/x/mod/module"
)

// linkedModule is a module of which packages are linked into the tool. The packages that come with Go are the module "std".
type linkedModule struct {
	path, version string

	license string // an SPDX expression
	texts   string // of its license
}

func (m *linkedModule) isOwn() bool { return m.path == root || strings.HasPrefix(m.path, root+"/") }

// linked returns the modules that a program says are in it, the tool itself first.
func (r *release) linked(ctx context.Context, info *buildinfo.BuildInfo) (linked []*linkedModule, err error) {
	goRoot, err := command(ctx, r.tree, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	add := func(path, version, dir string) error {
		m := &linkedModule{path: path, version: version}
		if m.isOwn() {
			dir = r.tree // the modules of the repository have its license
		}
		linked = append(linked, m)
		return m.readLicense(dir)
	}
	if err := add(info.Main.Path, info.Main.Version, ""); err != nil {
		return nil, err
	}
	for _, m := range info.Deps {
		folder, err := module.EscapePath(m.Path)
		if err != nil {
			return nil, err
		}
		if err := add(m.Path, m.Version, filepath.Join(r.out, "modcache", folder+"@"+m.Version)); err != nil {
			return nil, err
		}
	}
	return linked, add("std", strings.TrimPrefix(info.GoVersion, "go"), strings.TrimSpace(goRoot))
}

var licenseFile = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|patents)([-.].*)?$`)

// readLicense reads the license texts in the folder of the module.
func (m *linkedModule) readLicense(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !licenseFile.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name())) //nolint:gosec // a file of a module
		if err != nil {
			return err
		}
		m.texts += fmt.Sprintf("\n--- %s\n\n%s\n", entry.Name(), strings.TrimSpace(string(text)))
	}
	if m.license = licenseOf(m.texts); m.license == "" {
		return fmt.Errorf("the license of %s is not known", m.path)
	}
	return nil
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

// licenseOf returns the licenses in a text as an SPDX expression, "" if none is known.
func licenseOf(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	var ids []string
	for _, known := range knownLicenses {
		isShorterBSD := known.id == "BSD-2-Clause" && slices.Contains(ids, "BSD-3-Clause")
		if known.phrase.MatchString(text) && !isShorterBSD {
			ids = append(ids, known.id)
		}
	}
	return strings.Join(ids, " AND ")
}

// notices returns the licenses of all modules but those of this repository.
func notices(linked []*linkedModule) string {
	var text strings.Builder
	text.WriteString("intune-cert contains the following software. Its source is at https://pkg.go.dev.\n")
	for _, m := range linked {
		if !m.isOwn() {
			fmt.Fprintf(&text, "\n%s\n%s %s (%s)\n%s", strings.Repeat("=", 80), m.path, m.version, m.license, m.texts)
		}
	}
	return text.String()
}

// billOfMaterials returns the modules as CycloneDX.
func (r *release) billOfMaterials(linked []*linkedModule) ([]byte, error) {
	var components []cyclonedx.Component
	var refs []string
	for _, m := range linked {
		ref := "pkg:golang/" + m.path + "@" + m.version
		refs = append(refs, ref)
		components = append(components, cyclonedx.Component{
			BOMRef: ref, PackageURL: ref, Type: cyclonedx.ComponentTypeLibrary, Name: m.path, Version: m.version,
			Licenses: &cyclonedx.Licenses{{Expression: m.license}},
		})
	}
	program, libraries, uses := components[0], components[1:], refs[1:]
	program.Type = cyclonedx.ComponentTypeApplication
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: r.date.UTC().Format(time.RFC3339), Component: &program}
	bom.Components, bom.Dependencies = &libraries, &[]cyclonedx.Dependency{{Ref: refs[0], Dependencies: &uses}}
	var text bytes.Buffer
	err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	return text.Bytes(), err
}
