package pfx

import (
	"errors"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

// opener derives keys from the passwords that may be the right one, and limits the work for that.
type opener struct {
	passwords []password
	isGiven   bool  // the user's password is not empty
	work      int64 // how much may still be done
}

// maxWork limits the work that a container may cost in all, to about a second. The unit is one iteration of
// SHA-256 in the key derivation of PKCS #12. OpenSSL and Windows use some 2,000 iterations for each key, NSS and GnuTLS
// 600,000. A container has a key for its MAC and one for each safe, and wrong passwords cost as much as right ones.
const maxWork = 6_000_000

var errTooMuchWork = errors.New("deriving its keys would take too long: it asks for too many iterations")

// spend takes the cost of deriving a key from what may still be done. A negative count is one too large to be read.
func (o *opener) spend(iterations, blocks, weight int) error {
	cost := int64(iterations) * int64(blocks*weight)
	if iterations < 0 || cost > o.work {
		o.work = 0
		return errTooMuchWork
	}
	o.work -= cost
	return nil
}

// choose keeps the first password of which one encoding is correct. If the work is used up after the first attempt, that one
// has failed.
func (o *opener) choose(encodings func(password) [][]byte, isCorrect func(secret []byte) (bool, error)) error {
	attempts := 0
	for _, candidate := range o.passwords {
		for _, secret := range encodings(candidate) {
			ok, err := isCorrect(secret)
			switch {
			case ok:
				o.passwords = []password{candidate}
				return nil
			case errors.Is(err, errTooMuchWork) && attempts > 0:
				return o.incorrect()
			case err != nil:
				return err
			}
			attempts++
		}
	}
	return o.incorrect()
}

func (o *opener) incorrect() error {
	if o.isGiven {
		return ErrIncorrectPassword
	}
	return missingPasswordError{}
}

// missingPasswordError is ErrIncorrectPassword if no password was given.
type missingPasswordError struct{}

func (missingPasswordError) Error() string        { return "it needs a password" }
func (missingPasswordError) Is(target error) bool { return target == ErrIncorrectPassword }

// decrypt decrypts with the password whose result is a SEQUENCE instead of noise, and keeps that one.
func (o *opener) decrypt(algorithm ber.Value, sealed []byte) (plain []byte, err error) {
	scheme, err := parseScheme(algorithm)
	if err != nil {
		return nil, err
	}
	err = o.choose(scheme.kdf.encodings, func(secret []byte) (bool, error) {
		key, err := scheme.kdf.derive(o, secret, purposeKey, scheme.cipher.keyLength)
		if err != nil {
			return false, err
		}
		iv := scheme.iv
		if iv == nil {
			if iv, err = scheme.kdf.derive(o, secret, purposeIV, scheme.cipher.ivLength); err != nil {
				return false, err
			}
		}
		if plain, err = scheme.cipher.decrypt(key, iv, sealed); errors.Is(err, errPadding) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		_, noise := valuesOf(plain)
		return noise == nil, nil
	})
	return plain, err
}

// integer reads a small positive INTEGER, -1 if it is another.
func integer(v ber.Value) int {
	const most = 1 << 30
	var n int64
	for _, b := range v.Body {
		if n = n<<8 | int64(b); n > most {
			return -1
		}
	}
	if !v.Is(ber.Integer) || len(v.Body) == 0 || v.Body[0]&0x80 != 0 {
		return -1
	}
	return int(n)
}
