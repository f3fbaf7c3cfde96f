package pfx

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // what old containers use
	"crypto/rc4" //nolint:gosec // what old containers use
	"errors"
)

// blockCipher is a cipher in CBC mode, or RC4 if it has no block.
type blockCipher struct {
	keyLength, ivLength int
	newBlock            func(key []byte) (cipher.Block, error)
}

// pbeCiphers are those of PKCS #12 itself, by the last arc of their object identifiers (RFC 7292, appendix C).
var pbeCiphers = map[string]blockCipher{
	"\x01": {16, 0, nil},
	"\x02": {5, 0, nil},
	"\x03": {24, des.BlockSize, des.NewTripleDESCipher},
	"\x04": {16, des.BlockSize, newTwoKeyTripleDES},
	"\x05": {16, rc2BlockSize, newRC2},
	"\x06": {5, rc2BlockSize, newRC2},
}

// pbes2Ciphers are those of PBES2.
var pbes2Ciphers = map[oid]blockCipher{
	"\x60\x86\x48\x01\x65\x03\x04\x01\x02": {16, aes.BlockSize, aes.NewCipher},
	"\x60\x86\x48\x01\x65\x03\x04\x01\x16": {24, aes.BlockSize, aes.NewCipher},
	"\x60\x86\x48\x01\x65\x03\x04\x01\x2a": {32, aes.BlockSize, aes.NewCipher},
	"\x2a\x86\x48\x86\xf7\x0d\x03\x07":     {24, des.BlockSize, des.NewTripleDESCipher},
	"\x2b\x0e\x03\x02\x07":                 {8, des.BlockSize, des.NewCipher},
}

func newTwoKeyTripleDES(key []byte) (cipher.Block, error) {
	return des.NewTripleDESCipher(append(bytes.Clone(key), key[:8]...)) //nolint:gosec // what old containers use
}

// errPadding says that what was decrypted does not end as it should, so the key is probably another.
var errPadding = errors.New("the padding is wrong")

func (c blockCipher) decrypt(key, iv, sealed []byte) ([]byte, error) {
	plain := make([]byte, len(sealed))
	if c.newBlock == nil {
		stream, err := rc4.NewCipher(key) //nolint:gosec // what old containers use
		if err != nil {
			return nil, err
		}
		stream.XORKeyStream(plain, sealed)
		return plain, nil
	}
	block, err := c.newBlock(key)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(sealed) == 0 || len(sealed)%size != 0 {
		return nil, errors.New("the encrypted part is truncated or damaged")
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, sealed)
	last := plain[len(plain)-1]
	padding := int(last)
	if padding == 0 || padding > size || !bytes.Equal(plain[len(plain)-padding:], bytes.Repeat([]byte{last}, padding)) {
		return nil, errPadding
	}
	return plain[:len(plain)-padding], nil
}
