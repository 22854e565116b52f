#pragma once

#include <stddef.h>

// A file of the page, embedded when this is compiled.
typedef struct {
    const char *path;
    const char *media_type;
    const unsigned char *bytes;
    size_t count;
} WebPageFile;

// The page's files; `count` is how many.
const WebPageFile *web_page_files(size_t *count);
