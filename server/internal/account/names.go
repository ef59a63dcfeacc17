package account

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

const (
	maxUsername = 64  // code points
	maxEmail    = 254 // bytes: RFC 5321 §4.5.3.1.3 with its brackets taken off
)

// username returns the name as it is shown and its key: equal keys are the same name. Both come from the PRECIS
// profiles for user names (RFC 8265 §3), which refuse blanks, control characters, invisible ones and mixed writing
// directions, fold case and map full-width letters. A name has no @, so it is never an e-mail address.
func username(s string) (shown, key string, _ *FieldError) {
	bad := func(code, detail string) (string, string, *FieldError) {
		return "", "", &FieldError{Field: "username", Code: code, Detail: detail}
	}
	if utf8.RuneCountInString(s) > maxUsername {
		return bad("username_too_long", "A user name has at most 64 characters.")
	}
	if strings.ContainsAny(s, "@＠") {
		return bad("username_invalid", "A user name has no @; send an e-mail address as `email`.")
	}
	shown, err := precis.UsernameCasePreserved.String(s)
	if err == nil {
		key, err = precis.UsernameCaseMapped.CompareKey(s)
	}
	if err != nil || key == "" {
		return bad("username_invalid", "A user name consists of letters, digits and the signs of ASCII, without blanks.")
	}
	return shown, cases.Fold().String(key), nil
}

// email returns the address as it is shown and its key. The key folds case in the whole address: two accounts that
// differ in the case of a mailbox name are a trap, not a feature. Quoted local parts are refused.
func email(s string) (shown, key string, _ *FieldError) {
	shown = norm.NFKC.String(s)
	local, domain, ok := strings.Cut(shown, "@")
	if !ok || len(shown) > maxEmail || !mailPart(local) || !mailPart(domain) || !strings.Contains(domain, ".") && domain != "localhost" {
		return "", "", &FieldError{Field: "email", Code: "email_invalid", Detail: "Want an address such as ann@example.com."}
	}
	return shown, cases.Fold().String(shown), nil
}

func mailPart(s string) bool {
	if s == "" || strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	if strings.ContainsAny(s, "@\"(),:;<>[\\]") {
		return false
	}
	_, err := precis.UsernameCasePreserved.String(s) // the same classes of characters are refused as in names
	return err == nil
}

// loginKey folds what somebody typed as their name the way sign-up folded it; "" for what nobody can be called.
func loginKey(s string) string {
	fold := username
	if strings.Contains(s, "@") {
		fold = email
	}
	_, key, err := fold(s)
	if err != nil {
		return ""
	}
	return key
}
