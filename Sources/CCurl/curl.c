#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

enum {
    OPTION_WRITEFUNCTION = 20011,
    OPTION_HEADERFUNCTION = 20079,
    OPTION_OPENSOCKETFUNCTION = 20163,
    OPTION_XFERINFOFUNCTION = 20219,
};
enum { INFO_REDIRECT_URL = 0x100000 + 31 };
enum { GLOBAL_DEFAULT = 3 };

static struct {
    int (*global_init)(long flags);
    void *(*easy_init)(void);
    void (*easy_cleanup)(void *easy);
    int (*easy_perform)(void *easy);
    const char *(*easy_strerror)(int code);
    int (*easy_setopt)(void *easy, int option, ...);
    int (*easy_getinfo)(void *easy, int info, ...);
    void *(*slist_append)(void *list, const char *line);
    void (*slist_free_all)(void *list);
} curl;

static char failure[512];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *open_library(void) {
#ifdef __APPLE__
    static const char *const names[] = {"libcurl.4.dylib", "/usr/lib/libcurl.4.dylib"};
#else
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
#endif
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        void *library = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
        if (library) return library;
        // The first name is the one to report: it is what the package to install provides.
        if (index == 0) snprintf(failure, sizeof failure, "%s", dlerror());
    }
    return NULL;
}

static int find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    if (!address) snprintf(failure, sizeof failure, "libcurl has no function %s", name);
    *(void **)function = address;
    return address != NULL;
}

static void load(void) {
    void *library = open_library();
    if (!library) return;
    failure[0] = 0;
    if (!find(library, "curl_global_init", &curl.global_init) || !find(library, "curl_easy_init", &curl.easy_init)
        || !find(library, "curl_easy_cleanup", &curl.easy_cleanup)
        || !find(library, "curl_easy_perform", &curl.easy_perform)
        || !find(library, "curl_easy_strerror", &curl.easy_strerror)
        || !find(library, "curl_easy_setopt", &curl.easy_setopt)
        || !find(library, "curl_easy_getinfo", &curl.easy_getinfo)
        || !find(library, "curl_slist_append", &curl.slist_append)
        || !find(library, "curl_slist_free_all", &curl.slist_free_all))
        return;
    int code = curl.global_init(GLOBAL_DEFAULT);
    if (code) snprintf(failure, sizeof failure, "curl_global_init: %s", curl.easy_strerror(code));
}

const char *ccurl_load(void) {
    pthread_once(&once, load);
    return failure[0] ? failure : NULL;
}

void *ccurl_easy_init(void) { return curl.easy_init(); }
void ccurl_easy_cleanup(void *easy) { curl.easy_cleanup(easy); }
int ccurl_easy_perform(void *easy) { return curl.easy_perform(easy); }
const char *ccurl_easy_strerror(int code) { return curl.easy_strerror(code); }

int ccurl_set_long(void *easy, enum ccurl_option option, long value) { return curl.easy_setopt(easy, option, value); }

int ccurl_set_string(void *easy, enum ccurl_option option, const char *value) {
    return curl.easy_setopt(easy, option, value);
}

int ccurl_set_pointer(void *easy, enum ccurl_option option, void *value) {
    return curl.easy_setopt(easy, option, value);
}

int ccurl_set_body_function(void *easy, ccurl_data_function function) {
    return curl.easy_setopt(easy, OPTION_WRITEFUNCTION, function);
}

int ccurl_set_header_function(void *easy, ccurl_data_function function) {
    return curl.easy_setopt(easy, OPTION_HEADERFUNCTION, function);
}

int ccurl_set_progress_function(void *easy, ccurl_progress_function function) {
    return curl.easy_setopt(easy, OPTION_XFERINFOFUNCTION, function);
}

int ccurl_set_open_socket_function(void *easy, ccurl_open_socket_function function) {
    return curl.easy_setopt(easy, OPTION_OPENSOCKETFUNCTION, function);
}

const char *ccurl_redirect_url(void *easy) {
    const char *url = NULL;
    return curl.easy_getinfo(easy, INFO_REDIRECT_URL, &url) ? NULL : url;
}

void *ccurl_list_append(void *list, const char *line) { return curl.slist_append(list, line); }
void ccurl_list_free(void *list) { curl.slist_free_all(list); }
