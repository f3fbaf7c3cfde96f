package intune

// Cloud is one of Microsoft's clouds: the addresses of its Microsoft Graph and its Microsoft Entra ID; see [WithCloud].
// A token of one cloud is not valid in another. You can define your own Cloud: the scope of the tokens follows its
// GraphURL.
// See https://learn.microsoft.com/graph/deployments.
type Cloud struct {
	Name         string // for logs and errors
	GraphURL     string // without the version; with the restrictions of WithBaseURL
	AuthorityURL string // without the tenant; with the restrictions of WithAuthorityURL
}

// The clouds that Intune runs in. GCC, the US government's moderate tier, is part of CloudPublic.
var (
	CloudPublic         = Cloud{"Public", "https://graph.microsoft.com", "https://login.microsoftonline.com"}
	CloudUSGovernmentL4 = Cloud{"USGovernmentL4", "https://graph.microsoft.us", "https://login.microsoftonline.us"}
	CloudUSGovernmentL5 = Cloud{"USGovernmentL5", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us"}
	CloudChina          = Cloud{"China", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"}
)

// defaultCloud is the default of a client, whatever a program assigns to CloudPublic.
var defaultCloud = CloudPublic

// String returns the cloud's name, such as "USGovernmentL4".
func (c Cloud) String() string { return c.Name }

// APIVersion is a version of Microsoft Graph; see [WithAPIVersion].
type APIVersion string

// The versions of Microsoft Graph. The beta schema has the certificates. The v1.0 schema has their type, but no collection
// of them. The reference shows a v1.0 path, but the service may reject it.
const (
	APIVersionBeta APIVersion = "beta"
	APIVersionV1   APIVersion = "v1.0"
)
