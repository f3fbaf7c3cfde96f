package intune

// Cloud is one of Microsoft's clouds: the addresses of its Microsoft Graph and its Microsoft Entra ID. A token of one
// cloud is not valid in another. See https://learn.microsoft.com/graph/deployments.
type Cloud struct {
	name, graphURL, authorityURL string
}

// The clouds that Intune runs in. GCC, the government's moderate tier, is part of CloudPublic.
var (
	CloudPublic         = Cloud{"Public", "https://graph.microsoft.com", "https://login.microsoftonline.com"}
	CloudUSGovernmentL4 = Cloud{"USGovernmentL4", "https://graph.microsoft.us", "https://login.microsoftonline.us"}
	CloudUSGovernmentL5 = Cloud{"USGovernmentL5", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us"}
	CloudChina          = Cloud{"China", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"}
)

// String returns the cloud's name, such as "USGovernmentL4".
func (c Cloud) String() string { return c.name }

// scope asks for a token with all the permissions that the application has been granted.
func (c Cloud) scope() string { return c.graphURL + "/.default" }

// APIVersion is a version of Microsoft Graph.
type APIVersion string

// The versions of Microsoft Graph. The beta schema has the collection of certificates. The v1.0 schema has its type but
// not the collection, although the reference documents a v1.0 path, so APIVersionV1 may be rejected.
const (
	APIVersionBeta APIVersion = "beta"
	APIVersionV1   APIVersion = "v1.0"
)
