"""Which of our forms stands in for which of allauth's; the settings take it from here."""

ACCOUNT = {
    "signup": "accounts.signups.SignupForm",
    "login": "accounts.wording.LoginForm",
    "add_email": "accounts.wording.AddEmailForm",
    "change_password": "accounts.wording.ChangePasswordForm",
    "set_password": "accounts.wording.SetPasswordForm",
    "reset_password": "accounts.wording.ResetPasswordForm",
    "reset_password_from_key": "accounts.wording.ResetPasswordKeyForm",
    "reauthenticate": "accounts.wording.ReauthenticateForm",
}
MFA = {
    "authenticate": "accounts.wording.CodeForm",
    "reauthenticate": "accounts.wording.CodeAgainForm",
    "activate_totp": "accounts.wording.AppForm",
    "add_webauthn": "accounts.wording.PasskeyForm",
    "edit_webauthn": "accounts.wording.PasskeyNameForm",
}
