package transfer

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
)

// MinIOSettings is what the archive of MinIO's settings of IAM holds, which "mc
// admin cluster iam export" writes.
type MinIOSettings struct {
	policies map[string]json.RawMessage
	users    map[string]minioUser
	groups   map[string]minioGroup
	accounts map[string]minioAccount // service accounts
	userMap  map[string]minioMapping
	groupMap map[string]minioMapping
}

type minioUser struct {
	Secret keyhaven.Secret
	Policy string
	Status string
}

// UnmarshalJSON keeps the secret in its wrapper.
func (u *minioUser) UnmarshalJSON(raw []byte) error {
	var in struct {
		SecretKey string `json:"secretKey"`
		Policy    string `json:"policy"`
		Status    string `json:"status"`
	}
	err := json.Unmarshal(raw, &in)
	*u = minioUser{keyhaven.NewSecret(in.SecretKey), in.Policy, in.Status}
	return err
}

type minioGroup struct {
	Status  string   `json:"status"`
	Members []string `json:"members"`
}

type minioMapping struct {
	Policy string `json:"policy"` // names, with commas
}

type minioAccount struct {
	Parent        string
	Secret        keyhaven.Secret
	SessionPolicy json.RawMessage
	Status        string
	Name          string
	Description   string
	Expiration    time.Time // zero for never
}

// UnmarshalJSON keeps the secret in its wrapper. A time before 1971 is none.
func (a *minioAccount) UnmarshalJSON(raw []byte) error {
	var in struct {
		Parent        string          `json:"parent"`
		SecretKey     string          `json:"secretKey"`
		SessionPolicy json.RawMessage `json:"sessionPolicy"`
		Status        string          `json:"status"`
		Name          string          `json:"name"`
		Description   string          `json:"description"`
		Expiration    *time.Time      `json:"expiration"`
	}
	err := json.Unmarshal(raw, &in)
	*a = minioAccount{in.Parent, keyhaven.NewSecret(in.SecretKey), in.SessionPolicy, in.Status, in.Name, in.Description, time.Time{}}
	if in.Expiration != nil && in.Expiration.Year() > 1970 {
		a.Expiration = *in.Expiration
	}
	return err
}

// The bounds of an archive: its files, and each of them, in bytes.
const (
	maxArchiveFiles = 64
	maxArchiveFile  = 64 << 20
)

// ReadMinIO reads the archive at path. Files that it does not have are empty; one
// that has none of them is no such archive.
func ReadMinIO(path string) (*MinIOSettings, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer z.Close()
	if len(z.File) > maxArchiveFiles {
		return nil, fmt.Errorf("%s: too many files for an archive of MinIO's settings", path)
	}
	s := &MinIOSettings{}
	parts := map[string]any{
		"policies.json": &s.policies, "users.json": &s.users, "groups.json": &s.groups, "svcaccts.json": &s.accounts,
		"user_mappings.json": &s.userMap, "group_mappings.json": &s.groupMap,
	}
	found := 0
	for _, f := range z.File {
		dir, name, ok := strings.Cut(f.Name, "/")
		if into := parts[name]; ok && dir == "iam-assets" && into != nil {
			if err := readJSON(f, into); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", path, f.Name, err)
			}
			found++
		}
	}
	if found == 0 {
		return nil, fmt.Errorf("%s: no iam-assets/: this is no archive of mc admin cluster iam export", path)
	}
	return s, nil
}

func readJSON(f *zip.File, into any) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, maxArchiveFile+1))
	if err != nil {
		return err
	}
	if len(raw) > maxArchiveFile {
		return fmt.Errorf("more than %d MiB", maxArchiveFile>>20)
	}
	if json.Unmarshal(raw, into) != nil { // the error could quote a secret
		return fmt.Errorf("not the JSON that MinIO writes")
	}
	return nil
}

// split are the names of a mapping.
func split(names string) (out []string) {
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
