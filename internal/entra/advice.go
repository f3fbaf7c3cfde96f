package entra

// advice says what to do about the most common rejections, by AADSTS number. It follows the service's own words, which hold
// the only clue to what was presented, and adds only what they lack.
// See https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
var advice = map[int]string{
	50011:   `register http://localhost for the platform "Mobile and desktop applications"`,
	50076:   "sign in as a user who can complete multifactor authentication, or as an application",
	53003:   "ask an administrator which conditional access policy blocks this sign-in",
	65001:   "have an administrator grant the application its permissions",
	65004:   "sign in again and accept, or have an administrator grant the permissions",
	70011:   "check WithCloud: the scope must match the cloud",
	70021:   "compare these values with the application's federated credentials",
	90002:   "for a national cloud, use WithCloud",
	500011:  "for a national cloud, use WithCloud",
	700016:  "check the client id; a new application can take a minute to become known",
	700024:  "check the clock of this machine, and that the issuer creates new assertions",
	700027:  "register the certificate with the application; if it is registered, check its expiration and the clock of this machine",
	700211:  "give the federated credential this issuer",
	700212:  "give the federated credential this audience",
	700213:  "give the federated credential exactly this subject; GitHub's subjects can contain ids",
	7000112: "have an administrator enable the application",
	7000215: "a new secret can take a minute to work",
	7000218: `under Authentication in the application's registration, turn on "Allow public client flows"; for a browser, register http://localhost for the platform "Mobile and desktop applications"`,
}
