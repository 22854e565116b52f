#include "CWebPage.h"

static const unsigned char api_js[] = {
#embed "Page/api.js"
};
static const unsigned char card_js[] = {
#embed "Page/card.js"
};
static const unsigned char chat_js[] = {
#embed "Page/chat.js"
};
static const unsigned char compare_js[] = {
#embed "Page/compare.js"
};
static const unsigned char controls_js[] = {
#embed "Page/controls.js"
};
static const unsigned char create_js[] = {
#embed "Page/create.js"
};
static const unsigned char dialogs_js[] = {
#embed "Page/dialogs.js"
};
static const unsigned char dom_js[] = {
#embed "Page/dom.js"
};
static const unsigned char history_js[] = {
#embed "Page/history.js"
};
static const unsigned char index_html[] = {
#embed "Page/index.html"
};
static const unsigned char jobs_js[] = {
#embed "Page/jobs.js"
};
static const unsigned char main_js[] = {
#embed "Page/main.js"
};
static const unsigned char mask_js[] = {
#embed "Page/mask.js"
};
static const unsigned char maskdialog_js[] = {
#embed "Page/maskdialog.js"
};
static const unsigned char message_js[] = {
#embed "Page/message.js"
};
static const unsigned char pictures_js[] = {
#embed "Page/pictures.js"
};
static const unsigned char refusal_js[] = {
#embed "Page/refusal.js"
};
static const unsigned char results_js[] = {
#embed "Page/results.js"
};
static const unsigned char server_js[] = {
#embed "Page/server.js"
};
static const unsigned char settings_js[] = {
#embed "Page/settings.js"
};
static const unsigned char size_js[] = {
#embed "Page/size.js"
};
static const unsigned char sse_js[] = {
#embed "Page/sse.js"
};
static const unsigned char storage_js[] = {
#embed "Page/storage.js"
};
static const unsigned char style_css[] = {
#embed "Page/style.css"
};
static const unsigned char theme_js[] = {
#embed "Page/theme.js"
};
static const unsigned char tray_js[] = {
#embed "Page/tray.js"
};
static const unsigned char viewer_js[] = {
#embed "Page/viewer.js"
};
static const unsigned char words_js[] = {
#embed "Page/words.js"
};

static const WebPageFile files[] = {
    {"/api.js", "text/javascript; charset=utf-8", api_js, sizeof api_js},
    {"/card.js", "text/javascript; charset=utf-8", card_js, sizeof card_js},
    {"/chat.js", "text/javascript; charset=utf-8", chat_js, sizeof chat_js},
    {"/compare.js", "text/javascript; charset=utf-8", compare_js, sizeof compare_js},
    {"/controls.js", "text/javascript; charset=utf-8", controls_js, sizeof controls_js},
    {"/create.js", "text/javascript; charset=utf-8", create_js, sizeof create_js},
    {"/dialogs.js", "text/javascript; charset=utf-8", dialogs_js, sizeof dialogs_js},
    {"/dom.js", "text/javascript; charset=utf-8", dom_js, sizeof dom_js},
    {"/history.js", "text/javascript; charset=utf-8", history_js, sizeof history_js},
    {"/", "text/html; charset=utf-8", index_html, sizeof index_html},
    {"/jobs.js", "text/javascript; charset=utf-8", jobs_js, sizeof jobs_js},
    {"/main.js", "text/javascript; charset=utf-8", main_js, sizeof main_js},
    {"/mask.js", "text/javascript; charset=utf-8", mask_js, sizeof mask_js},
    {"/maskdialog.js", "text/javascript; charset=utf-8", maskdialog_js, sizeof maskdialog_js},
    {"/message.js", "text/javascript; charset=utf-8", message_js, sizeof message_js},
    {"/pictures.js", "text/javascript; charset=utf-8", pictures_js, sizeof pictures_js},
    {"/refusal.js", "text/javascript; charset=utf-8", refusal_js, sizeof refusal_js},
    {"/results.js", "text/javascript; charset=utf-8", results_js, sizeof results_js},
    {"/server.js", "text/javascript; charset=utf-8", server_js, sizeof server_js},
    {"/settings.js", "text/javascript; charset=utf-8", settings_js, sizeof settings_js},
    {"/size.js", "text/javascript; charset=utf-8", size_js, sizeof size_js},
    {"/sse.js", "text/javascript; charset=utf-8", sse_js, sizeof sse_js},
    {"/storage.js", "text/javascript; charset=utf-8", storage_js, sizeof storage_js},
    {"/style.css", "text/css; charset=utf-8", style_css, sizeof style_css},
    {"/theme.js", "text/javascript; charset=utf-8", theme_js, sizeof theme_js},
    {"/tray.js", "text/javascript; charset=utf-8", tray_js, sizeof tray_js},
    {"/viewer.js", "text/javascript; charset=utf-8", viewer_js, sizeof viewer_js},
    {"/words.js", "text/javascript; charset=utf-8", words_js, sizeof words_js},
};

const WebPageFile *web_page_files(size_t *count) {
    *count = sizeof files / sizeof files[0];
    return files;
}
