package policy

import (
	"slices"
	"strings"
)

// The condition keys that requests are given values for, or that a request
// really has none of here (a key about organizations, VPC endpoints and calls by
// AWS services). A key of these services that is not listed is refused when a
// document is read (case S5). In lower case; a key that ends in a slash takes
// any tag.
var (
	globalKeys = []string{
		"aws:currenttime", "aws:epochtime", "aws:sourceip", "aws:securetransport", "aws:useragent", "aws:referer",
		"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:principaltag/", "aws:userid", "aws:username",
		"aws:principalisawsservice", "aws:principalservicename", "aws:requestedregion", "aws:resourceaccount",
		"aws:resourcetag/", "aws:requesttag/", "aws:tagkeys", "aws:multifactorauthpresent", "aws:multifactorauthage",
		"aws:tokenissuetime", "aws:federatedprovider", "aws:sourceidentity", "aws:viaawsservice",
		"aws:principalorgid", "aws:principalorgpaths", "aws:resourceorgid", "aws:resourceorgpaths", "aws:sourceorgid",
		"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:sourcearn", "aws:sourceaccount", "aws:calledvia",
		"aws:calledviafirst", "aws:calledvialast",
	}
	s3Keys = []string{
		"s3:prefix", "s3:delimiter", "s3:max-keys", "s3:versionid", "s3:locationconstraint",
		"s3:authtype", "s3:signatureversion", "s3:signatureage", "s3:tlsversion", "s3:resourceaccount",
		"s3:existingobjecttag/", "s3:requestobjecttag/", "s3:requestobjecttagkeys", "s3:buckettag/",
		"s3:x-amz-acl", "s3:x-amz-grant-read", "s3:x-amz-grant-write", "s3:x-amz-grant-read-acp", "s3:x-amz-grant-write-acp",
		"s3:x-amz-grant-full-control", "s3:x-amz-content-sha256", "s3:x-amz-copy-source", "s3:x-amz-metadata-directive",
		"s3:x-amz-object-ownership", "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id",
		"s3:x-amz-server-side-encryption-customer-algorithm", "s3:x-amz-storage-class", "s3:x-amz-website-redirect-location",
		"s3:object-lock-mode", "s3:object-lock-retain-until-date", "s3:object-lock-remaining-retention-days", "s3:object-lock-legal-hold",
		"s3:if-match", "s3:if-none-match", "s3:objectcreationoperation",
	}
	iamKeys = []string{
		"iam:permissionsboundary", "iam:policyarn", "iam:passedtoservice", "iam:resourcetag/", "iam:awsservicename",
	}
	stsKeys = []string{
		"sts:externalid", "sts:rolesessionname", "sts:durationseconds", "sts:sourceidentity", "sts:transitivetagkeys",
	}
)

// services are those whose requests this package decides.
var services = map[string][]string{
	"aws": globalKeys, "s3": s3Keys, "iam": iamKeys, "sts": stsKeys, "lightsail": nil, "keyhaven": nil,
}

// Keys returns the condition keys of a service ("aws" for the global ones), in
// lower case.
func Keys(service string) []string { return slices.Clone(services[service]) }

// knownKey reports whether a lower-case key has a meaning in documents of the
// kind. foreign is true when the statement is about other services alone: it
// never decides anything here.
func knownKey(kind Kind, key string, foreign bool) bool {
	service, name, ok := strings.Cut(key, ":")
	if !ok || service == "" || name == "" {
		return false
	}
	listed, ours := services[service]
	if !ours {
		switch kind {
		case Resource:
			return false
		case Trust:
			return providerKey(key)
		default:
			return foreign || providerKey(key)
		}
	}
	if kind == Resource && service != "aws" && service != "s3" {
		return false
	}
	return slices.ContainsFunc(listed, func(k string) bool {
		if strings.HasSuffix(k, "/") {
			return len(key) > len(k) && strings.HasPrefix(key, k)
		}
		return k == key
	})
}

// providerKey reports whether a key is about a claim of an identity provider: ISSUER:sub,
// where the issuer is a host, maybe with a port and a path.
func providerKey(key string) bool {
	issuer := key[:strings.LastIndexByte(key, ':')]
	return strings.ContainsAny(issuer, ".:/")
}

// ofOurs reports whether an action pattern reaches an action that is decided
// here.
func ofOurs(action string) bool {
	service, _, _ := strings.Cut(strings.ToLower(action), ":")
	_, ours := services[service]
	return ours || service == "*"
}
