package transfer

import (
	"encoding/json"
	"fmt"
	"strings"
)

// minioStatement is a statement of MinIO's policies. Members that it does not name
// are kept as they are.
type minioStatement map[string]json.RawMessage

// convertPolicy makes a policy of MinIO one of IAM. Actions of MinIO's own
// administration are left out and named in left. An error means that it cannot be
// said here what the policy says, and that nothing stands for it.
func convertPolicy(raw json.RawMessage) (document string, left []string, err error) {
	var in struct {
		Version   string
		Statement []minioStatement
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return "", nil, fmt.Errorf("it is no policy")
	}
	var out []minioStatement
	for _, s := range in.Statement {
		kept, gone, err := s.convert()
		if err != nil {
			return "", nil, err
		}
		left = append(left, gone...)
		if kept {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return "", left, nil
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": out})
	return string(text), left, err
}

// convert changes the statement in place, and reports whether anything of it is
// left.
func (s minioStatement) convert() (kept bool, left []string, err error) {
	for name, raw := range s { // MinIO writes some that say nothing
		if v := strings.TrimSpace(string(raw)); v == "null" || v == `""` || v == "[]" || v == "{}" {
			delete(s, name)
		}
	}
	if _, ok := s["NotAction"]; ok {
		return false, nil, fmt.Errorf("it uses NotAction, which would reach beyond S3 here")
	}
	actions, err := list(s["Action"])
	if err != nil {
		return false, nil, err
	}
	var own []string
	for _, a := range actions {
		switch service, _, _ := strings.Cut(a, ":"); {
		case a == "*":
			own = append(own, "s3:*")
		case service == "s3":
			own = append(own, a)
		default:
			left = append(left, a)
		}
	}
	if len(own) == 0 {
		return false, left, nil
	}
	s["Action"], _ = json.Marshal(own)
	if err := s.resources(); err != nil {
		return false, nil, err
	}
	return true, left, conditions(s["Condition"])
}

// resources brings the resources into IAM's form.
func (s minioStatement) resources() error {
	for _, name := range []string{"Resource", "NotResource"} {
		all, err := list(s[name])
		if err != nil {
			return err
		}
		for i, r := range all {
			if strings.Contains(r, "${") && !strings.Contains(r, "${aws:") {
				return fmt.Errorf("it has a variable that nothing here has, in %s", r)
			}
			if !strings.HasPrefix(r, "arn:") {
				all[i] = "arn:aws:s3:::" + r
			}
		}
		if len(all) > 0 {
			s[name], _ = json.Marshal(all)
		}
	}
	if s["Resource"] == nil && s["NotResource"] == nil {
		return fmt.Errorf("a statement names no resource")
	}
	return nil
}

// conditions refuses keys that nothing here has: without their condition a
// statement would say more.
func conditions(raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var all map[string]map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return fmt.Errorf("its conditions cannot be read")
	}
	for _, keys := range all {
		for key := range keys {
			service, _, _ := strings.Cut(strings.ToLower(key), ":")
			if service != "aws" && service != "s3" {
				return fmt.Errorf("it has a condition on %s", key)
			}
		}
	}
	return nil
}

// list reads a text or a list of texts.
func list(raw json.RawMessage) ([]string, error) {
	if raw == nil {
		return nil, nil
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var all []string
	if json.Unmarshal(raw, &all) != nil {
		return nil, fmt.Errorf("a statement is not what MinIO writes")
	}
	return all, nil
}
