package main

// This file finds the files that the command line names.

import (
	"os"
	"path/filepath"
	"strings"
)

// expand replaces patterns such as *.cer, which not every shell expands. A file that does not exist is left in its place.
func expand(paths []string) (files []string, err error) {
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil || !strings.ContainsAny(path, "*?[") { // for Windows, a pattern is invalid rather than missing
			files = append(files, path)
			continue
		}
		found, err := filepath.Glob(path)
		if err != nil || len(found) == 0 {
			return nil, usagef("no file matches %s", path)
		}
		files = append(files, found...)
	}
	return files, nil
}

// oneFile returns the one file that a command takes.
func oneFile(path string) (string, error) {
	files, err := expand([]string{path})
	if err == nil && len(files) != 1 {
		err = usagef("%s matches %d files: name one of them", path, len(files))
	}
	if err != nil {
		return "", err
	}
	return files[0], nil
}
