package entra

// This file reads, verifies and signs JSON web tokens (RFC 7515, RFC 7519) with RSA keys.

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// jwt is a token whose signature has not been verified.
type jwt struct {
	header    jwtHeader
	claims    jwtClaims
	signed    string // what the signature is over
	signature []byte
}

type jwtHeader struct {
	Algorithm  string          `json:"alg"`
	Type       string          `json:"typ"`
	SHA1       string          `json:"x5t"`
	SHA256     string          `json:"x5t#S256"`
	Chain      [][]byte        `json:"x5c"` // in base64, not base64url
	Extensions json.RawMessage `json:"crit"`
}

type jwtClaims struct {
	Issuer    string      `json:"iss"`
	Subject   string      `json:"sub"`
	Audience  audience    `json:"aud"`
	ID        string      `json:"jti"`
	NotBefore numericDate `json:"nbf"`
	Expires   numericDate `json:"exp"`
}

// audience is one or several names.
type audience []string

func (a *audience) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]string)(a))
	}
	*a = make(audience, 1)
	return json.Unmarshal(data, &(*a)[0])
}

// numericDate is a time in seconds since 1970, the zero time if there is none.
type numericDate struct{ time.Time }

func (d *numericDate) UnmarshalJSON(data []byte) error {
	var seconds float64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	if seconds <= 0 || seconds >= 1<<40 {
		return errors.New("the date is out of range")
	}
	d.Time = time.Unix(int64(seconds), 0).UTC()
	return nil
}

// parseJWT reads a token. Its errors are texts for the client.
func parseJWT(text string) (*jwt, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, errors.New("it does not have three parts")
	}
	t := &jwt{signed: parts[0] + "." + parts[1]}
	if err := decodePart(parts[0], &t.header); err != nil {
		return nil, errors.New("the header cannot be read")
	}
	if err := decodePart(parts[1], &t.claims); err != nil {
		return nil, errors.New("the claims cannot be read")
	}
	signature, err := decodeBase64URL(parts[2])
	if err != nil {
		return nil, errors.New("the signature is not base64url")
	}
	t.signature = signature
	switch {
	case t.header.Extensions != nil:
		return nil, errors.New("the header has a critical extension that is not known")
	case t.header.Algorithm != "PS256" && t.header.Algorithm != "RS256":
		return nil, fmt.Errorf("the algorithm '%s' is not supported", t.header.Algorithm)
	case t.claims.Expires.IsZero():
		return nil, errors.New("it never expires")
	}
	return t, nil
}

func decodePart(text string, value any) error {
	decoded, err := decodeBase64URL(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(decoded, value)
}

// decodeBase64URL takes no line breaks, unlike encoding/base64.
func decodeBase64URL(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("it is broken into lines")
	}
	return base64.RawURLEncoding.Strict().DecodeString(text)
}

// verify checks the signature.
func (t *jwt) verify(key crypto.PublicKey) error {
	public, isRSA := key.(*rsa.PublicKey)
	if !isRSA {
		return errors.New("the key is not an RSA key")
	}
	sum := sha256.Sum256([]byte(t.signed))
	if t.header.Algorithm == "PS256" { // RFC 7518: the salt is as long as the hash
		return rsa.VerifyPSS(public, crypto.SHA256, sum[:], t.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], t.signature)
}

// signJWT signs with RS256, as Microsoft Entra ID does and the issuers that it is federated with.
func signJWT(key *rsa.PrivateKey, keyID string, claims map[string]any) string {
	signed := encodePart(map[string]any{"alg": "RS256", "typ": "JWT", "kid": keyID}) + "." + encodePart(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(fmt.Sprintf("intunetest: %v", err)) // the key is long enough
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encodePart(value map[string]any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("intunetest: %v", err))
	}
	return base64.RawURLEncoding.EncodeToString(encoded)
}
