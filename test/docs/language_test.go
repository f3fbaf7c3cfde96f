package docs_test

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// dialect has phrases that a reader has to read twice, each with what to write instead, and British spellings.
var dialect = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`(cannot|could not|can't|couldn't) be told\b`, // can't be identified; may or may not be
	`\bperhaps (uploaded|created|done)\b`,         // may have been
	`\b(every|any) doubt is\b`,                    // if Create can't find out
	`\bnone is no\b`,                              // no match is not an error
	`\bsome minutes later\b`,                      // in a few minutes
	`\bin (the )?place of\b`,                      // instead of, replace it with
	`\bkeeps? within the\b`,                       // stays within
	`\bthe support asks\b`,                        // Microsoft Support asks
	`\blives at most\b`,                           // is valid for at most
	`\bcould not be asked\b`,                      // could not be reached
	`\blet a request fail\b`,                      // make it fail
	`\bbut for\b`,                                 // except
	`\bnothing but\b`,                             // only
	`\bcut short\b`,                               // truncated
	`\btime-outs?\b`,                              // timeout
	`\bon the spot\b`,                             // temporary
	`\bin hand\b`,                                 // held
	`\btwins?\b`,                                  // identical record
	`\briddles?\b`,                                // ambiguous record
	`\bfor good\b`,                                // always, never, permanently
	`\brefuses? (a|the|to)\b`,                     // reject
	`\b(recogn|organ|author|initial|serial|normal|summar|minim|custom)is(e[ds]?|ing|ation)\b`,
	`\b(behaviour|honour(s|ed)?|colour|favour|armour|cancell(ed|ing)|licence|catalogue|artefact|analysed?|centre|whilst)\b`,
}, "|"))

// TestLanguage looks for the dialect in pages, comments and texts.
func TestLanguage(t *testing.T) {
	t.Chdir(root)
	for _, page := range allPages(t) {
		checkLanguage(t, page, fences.ReplaceAllStringFunc(read(t, page), func(fence string) string {
			return strings.Repeat("\n", strings.Count(fence, "\n"))
		}))
	}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" || entry.Name() == "testdata"):
			return fs.SkipDir
		case filepath.Ext(path) == ".go" && entry.Name() != "language_test.go":
			checkLanguageOfCode(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkLanguage(t *testing.T, origin, text string) {
	t.Helper()
	number := 0
	for line := range strings.Lines(text) {
		number++
		if found := dialect.FindString(line); found != "" {
			t.Errorf("%s:%d: %q", origin, number, found)
		}
	}
}

func checkLanguageOfCode(t *testing.T, path string) {
	t.Helper()
	source := []byte(read(t, path))
	files := token.NewFileSet()
	file := files.AddFile(path, -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, scanner.ScanComments)
	for {
		position, kind, text := s.Scan()
		switch kind {
		case token.EOF:
			return
		case token.COMMENT, token.STRING:
			if found := dialect.FindString(text); found != "" {
				t.Errorf("%s: %q", files.Position(position), found)
			}
		}
	}
}
