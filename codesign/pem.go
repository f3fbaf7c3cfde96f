package codesign

import (
	"bytes"
	"cmp"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/format/ber"
	"github.com/seed-230b9595/intune-go/internal/format/unwrap"
)

// readPEM collects the certificates of all blocks, and passes over what stands beside them, private keys for example. read
// reads the content of one block.
func readPEM(text []byte, read func([]byte) (*contents, error)) (*contents, error) {
	held := new(contents)
	var other string // the type of the first block that is not read
	blocks := 0
	for block := range unwrap.PEM(text) {
		blocks++
		if !slices.Contains(readTypes, block.Type) {
			other = cmp.Or(other, block.Type)
			continue
		}
		more, err := read(content(block))
		if err != nil {
			held.unreadable = append(held.unreadable, inBlock(blocks, err))
			continue
		}
		if more.format == FormatDER {
			more.format = FormatPEM
		}
		held.add(more)
	}
	if all := bytes.Count(text, []byte(unwrap.PEMBegin)); blocks < all {
		held.unreadable = append(held.unreadable, bad(fmt.Sprintf("is truncated or damaged: %d of its %d PEM blocks cannot be read", all-blocks, all), nil))
	}
	if len(held.certs) == 0 && len(held.unreadable) == 0 {
		return nil, noCertificate(other)
	}
	return held, nil
}

// readTypes are the types of PEM blocks that are read.
var readTypes = []string{"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PKCS7", "PKCS #7 SIGNED DATA", "CMS", "PKCS12"}

// content returns what a block holds. OpenSSL's TRUSTED CERTIFICATE has its settings behind the certificate.
func content(block *pem.Block) []byte {
	if block.Type == "TRUSTED CERTIFICATE" {
		if first, _, err := ber.Next(block.Bytes); err == nil {
			return first.Raw
		}
	}
	return block.Bytes
}

// inBlock says in which PEM block something is wrong.
func inBlock(number int, err error) error {
	input, ok := errors.AsType[*intune.InputError](err)
	if !ok {
		return err
	}
	return bad(fmt.Sprintf("in PEM block %d %s", number, input.Problem), input.Err)
}

// noCertificate says what PEM holds instead, by the type of its first block.
func noCertificate(kind string) error {
	switch {
	case kind == "":
		return bad("holds no certificate", nil)
	case strings.HasSuffix(kind, "CERTIFICATE REQUEST"):
		return onlyRequest()
	}
	return bad(fmt.Sprintf("holds no certificate, only PEM of the type %.40q", kind), nil)
}
