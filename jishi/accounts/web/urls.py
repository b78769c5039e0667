"""Addresses of signing in and of one's own pages. The names are those that django-allauth asks for."""

from django.urls import path

from jishi.accounts.web import by_phone, glass, own, recovery, sign_in, unified

urlpatterns = [
    path("sign-in", sign_in.SignIn.as_view(), name="account_login"),
    path("sign-in/as", sign_in.sign_in_as, name="sign-in-as"),
    path("sign-in/code", sign_in.SecondFactor.as_view(), name="mfa_authenticate"),
    path("sign-in/passkey", sign_in.ByPasskey.as_view(), name="mfa_login_webauthn"),
    path("sign-in/phone", by_phone.start, name="sign-in-phone"),
    path("sign-in/phone/code", by_phone.code, name="sign-in-phone-code"),
    path("sign-in/unified", unified.start, name="unified"),
    path("sign-in/unified/back", unified.back, name="unified-back"),
    path("sign-in/unified/no", unified.no, name="unified-no"),
    path("me/sign-in/unified/end", unified.part, name="unified-end"),
    path("sign-in/continue", sign_in.go_on, name="sign-in-continue"),
    path("sign-out", sign_in.sign_out, name="account_logout"),
    path("post", sign_in.choose_post, name="choose-post"),
    path("me/sign-in", own.WaysIn.as_view(), name="mfa_index"),
    path("me/sign-in/again", sign_in.Again.as_view(), name="account_reauthenticate"),
    path("me/sign-in/again/code", sign_in.AgainByCode.as_view(), name="mfa_reauthenticate"),
    path("me/sign-in/again/passkey", sign_in.AgainByPasskey.as_view(), name="mfa_reauthenticate_webauthn"),
    path("me/sign-in/app", own.AddApp.as_view(), name="mfa_activate_totp"),
    path("me/sign-in/app/end", own.EndApp.as_view(), name="mfa_deactivate_totp"),
    path("me/sign-in/passkeys", own.WaysIn.as_view(), name="mfa_list_webauthn"),
    path("me/sign-in/passkeys/add", own.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("me/sign-in/passkeys/<int:pk>/end", own.EndPasskey.as_view(), name="mfa_remove_webauthn"),
    path("me/sign-in/codes", own.Codes.as_view(), name="mfa_view_recovery_codes"),
    path("me/sign-in/codes/new", own.NewCodes.as_view(), name="mfa_generate_recovery_codes"),
    path("me/sign-in/codes/download", own.CodesAsText.as_view(), name="mfa_download_recovery_codes"),
    path("me/password", own.password, name="account_change_password"),
    path("me/sessions/<int:session_id>/end", own.end_session, name="end-session"),
    path("me/sessions/end", own.end_all, name="end-sessions"),
    path("break-glass", glass.board, name="break-glass"),
    path("break-glass/ask", glass.ask, name="break-glass-ask"),
    path("break-glass/<int:glass_id>/<slug:glass_act>", glass.act, name="break-glass-act"),
    path("recovery", recovery.board, name="recovery"),
    path("recovery/ask", recovery.ask, name="recovery-ask"),
    path("recovery/<int:recovery_id>/<slug:recovery_act>", recovery.act, name="recovery-act"),
    path("sign-in/recover", recovery.come_back, name="recover"),
    path("me/readings", own.readings, name="who-looked"),
]
