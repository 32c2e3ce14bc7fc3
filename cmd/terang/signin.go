package main

import (
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"terang/handlers"
	"terang/models"
)

const (
	secondRequired = "required"
	secondOffered  = "offered"
)

// signInFlags are the options of how officers sign in.
func signInFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("second-factor", "", "`RULE`: required (of officers cleared above public and of administrators) or offered; required, and with --demo offered, when not given")
	f.String("oidc-issuer", "", "`URL` of a sign-in service of the body's own (OpenID Connect); its officers may sign in there too")
	f.String("oidc-client-id", "", "`ID` of this installation at that service; its redirect address there is BASE-URL/sign-in/provider/back")
	f.String("oidc-client-secret-file", "", "`FILE` that holds the client's secret")
	f.String("oidc-body", "", "`SLUG` of the body whose officers may sign in there; all, when not given")
	f.String("oidc-name", "", "`NAME` of the service on the sign-in page")
	f.StringSlice("oidc-second-factor", nil, "`VALUE` of amr or acr by which the service says that a second factor was proved there; may be given many times")
}

// readSignIn reads them into o.
func readSignIn(cmd *cobra.Command, o *serveOptions) error {
	f := cmd.Flags()
	rule, _ := f.GetString("second-factor")
	switch rule {
	case "":
		if o.demo {
			o.SecondFactor = models.SecondFactorOffered
		}
	case secondRequired:
		o.secondGiven = true
	case secondOffered:
		o.SecondFactor, o.secondGiven = models.SecondFactorOffered, true
	default:
		return usageErrorf("--second-factor %q: expected one of %s, %s", rule, secondRequired, secondOffered)
	}
	p := &handlers.Provider{}
	p.Issuer, _ = f.GetString("oidc-issuer")
	p.ClientID, _ = f.GetString("oidc-client-id")
	p.Body, _ = f.GetString("oidc-body")
	p.Name, _ = f.GetString("oidc-name")
	p.SecondFactor, _ = f.GetStringSlice("oidc-second-factor")
	file, _ := f.GetString("oidc-client-secret-file")
	if p.Issuer == "" {
		for option, given := range map[string]bool{"oidc-client-id": p.ClientID != "", "oidc-client-secret-file": file != "", "oidc-body": p.Body != "", "oidc-name": p.Name != "", "oidc-second-factor": len(p.SecondFactor) > 0} {
			if given {
				return usageErrorf("--%s: --oidc-issuer is missing: expected the address of the sign-in service", option)
			}
		}
		return nil
	}
	u, err := url.Parse(p.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return usageErrorf("--oidc-issuer %s: expected an address such as https://masuk.example.go.id", p.Issuer)
	}
	if p.ClientID == "" {
		return usageErrorf("--oidc-client-id is missing: expected what the sign-in service calls this installation")
	}
	if file != "" {
		raw, err := os.ReadFile(file)
		if err != nil {
			return usageErrorf("--oidc-client-secret-file %s: %w", file, err)
		}
		if p.Secret = strings.TrimSpace(string(raw)); p.Secret == "" {
			return usageErrorf("--oidc-client-secret-file %s: expected a secret in it", file)
		}
	}
	if p.Name == "" {
		p.Name = u.Hostname()
	}
	o.provider = p
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
