package main

// This file finds the certificate files that the command line names.

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// extensions are those of the files that are taken from folders.
var extensions = []string{".cer", ".crt", ".der", ".pem", ".p7b", ".p7c", ".p7s", ".spc", ".pfx", ".p12"}

func isCertificateFile(name string) bool {
	return slices.Contains(extensions, strings.ToLower(filepath.Ext(name))) && !strings.HasPrefix(name, ".")
}

// expand replaces folders with the certificate files in them, and patterns such as *.cer, which not every shell expands. It
// returns which other files the folders hold. A file that does not exist is left in its place.
func expand(paths []string) (files, skipped []string, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			found, others, err := readFolder(path)
			if err != nil {
				return nil, nil, err
			}
			files, skipped = append(files, found...), append(skipped, others...)
		case err != nil && strings.ContainsAny(path, "*?["): // for Windows, such a name is invalid rather than missing
			found, err := filepath.Glob(path)
			if err != nil || len(found) == 0 {
				return nil, nil, usagef("no file matches %s", path)
			}
			files = append(files, found...)
		default:
			files = append(files, path)
		}
	}
	return files, skipped, nil
}

// oneFile returns the one file that a command takes.
func oneFile(path string) (string, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return "", &advisedError{err: fmt.Errorf("%s is a folder", path), next: "Name one of its files. Only upload takes folders."}
	}
	files, _, err := expand([]string{path})
	if err == nil && len(files) != 1 {
		err = usagef("%s matches %d files: name one of them", path, len(files))
	}
	if err != nil {
		return "", err
	}
	return files[0], nil
}

func readFolder(folder string) (files, others []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil, err
	}
	for _, entry := range entries {
		switch {
		case entry.IsDir():
		case isCertificateFile(entry.Name()):
			files = append(files, filepath.Join(folder, entry.Name()))
		default:
			others = append(others, filepath.Join(folder, entry.Name()))
		}
	}
	return files, others, nil
}
