#ifndef CCURL_H
#define CCURL_H

#include <stddef.h>
#include <stdint.h>

// libcurl, opened at run time. Its options are reached through variadic functions, which Swift cannot call;
// here is one typed function for each kind of value. The numbers below are part of libcurl's ABI (curl/curl.h).

enum ccurl_option {
    CCURL_WRITEDATA = 10001,
    CCURL_URL = 10002,
    CCURL_PROXY = 10004,
    CCURL_RANGE = 10007,
    CCURL_ERRORBUFFER = 10010,
    CCURL_LOW_SPEED_LIMIT = 19,
    CCURL_LOW_SPEED_TIME = 20,
    CCURL_USERAGENT = 10018,
    CCURL_HTTPHEADER = 10023,
    CCURL_HEADERDATA = 10029,
    CCURL_NOPROGRESS = 43,
    CCURL_FOLLOWLOCATION = 52,
    CCURL_XFERINFODATA = 10057,
    CCURL_MAXREDIRS = 68,
    CCURL_CONNECTTIMEOUT = 78,
    CCURL_BUFFERSIZE = 98,
    CCURL_NOSIGNAL = 99,
    CCURL_TIMEOUT_MS = 155,
    CCURL_OPENSOCKETDATA = 10164,
    CCURL_PROTOCOLS = 181,
    CCURL_REDIR_PROTOCOLS = 182,
};

enum ccurl_protocol { CCURL_PROTOCOL_HTTP = 1, CCURL_PROTOCOL_HTTPS = 2 };

enum { CCURL_ERROR_SIZE = 256 };

typedef size_t (*ccurl_data_function)(char *data, size_t size, size_t count, void *context);
typedef int (*ccurl_progress_function)(
    void *context, int64_t download_total, int64_t downloaded, int64_t upload_total, int64_t uploaded);

/// libcurl's struct curl_sockaddr: what it is about to connect to.
struct ccurl_address {
    int family;
    int socket_type;
    int protocol;
    unsigned int length;
    /// A struct sockaddr of `length` bytes, which may be more than are declared here.
    unsigned char address[16];
};

/// Gives a new socket for an address, or -1 to refuse it; `purpose` is 0 for a connection.
typedef int (*ccurl_open_socket_function)(void *context, int purpose, struct ccurl_address *address);

/// Opens libcurl on the first call. NULL when it is there, else why it is not.
const char *ccurl_load(void);

// Everything below needs a ccurl_load that returned NULL. Results are CURLcode: 0 is success.

void *ccurl_easy_init(void);
void ccurl_easy_cleanup(void *easy);
int ccurl_easy_perform(void *easy);
const char *ccurl_easy_strerror(int code);
int ccurl_set_long(void *easy, enum ccurl_option option, long value);
int ccurl_set_string(void *easy, enum ccurl_option option, const char *value);
int ccurl_set_pointer(void *easy, enum ccurl_option option, void *value);
int ccurl_set_body_function(void *easy, ccurl_data_function function);
int ccurl_set_header_function(void *easy, ccurl_data_function function);
int ccurl_set_progress_function(void *easy, ccurl_progress_function function);
int ccurl_set_open_socket_function(void *easy, ccurl_open_socket_function function);

/// After a perform that did not follow a redirect: where that leads, as a whole URL. NULL if there was none.
/// Belongs to `easy`.
const char *ccurl_redirect_url(void *easy);

/// Appends a copy of `line`; NULL when memory is short, and then `list` is unchanged.
void *ccurl_list_append(void *list, const char *line);
void ccurl_list_free(void *list);

#endif
