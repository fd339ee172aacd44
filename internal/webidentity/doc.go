// Package webidentity proves people and programs by the tokens of the OpenID
// Connect providers that an account trusts: for sts:AssumeRoleWithWebIdentity, and
// for the sign-in to the console.
//
// A token counts when its signature, issuer and times are good, the account has
// the provider (iam:CreateOpenIDConnectProvider), and the provider is trusted with
// the client that the token is for (case S8). What it opens is decided by the trust
// policy of a role.
package webidentity
