package codesign

import "bytes"

// isKeyStore says whether data is a key store of Java: JKS or JCEKS.
func isKeyStore(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xfe\xed\xfe\xed")) || bytes.HasPrefix(data, []byte("\xce\xce\xce\xce"))
}

// keyStoreProblem says how to get the certificate. The file format is Java's own, and protected by nothing that others check.
func keyStoreProblem() error {
	return bad("is a Java key store: export the certificate with keytool -exportcert -rfc -keystore FILE -alias ALIAS -file contoso.cer (keytool -list -keystore FILE shows the aliases)", nil)
}
