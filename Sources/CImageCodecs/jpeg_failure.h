// libjpeg's error manager, turned into a jump that carries the message out.

#ifndef CIMAGECODECS_JPEG_FAILURE_H
#define CIMAGECODECS_JPEG_FAILURE_H

#include "support.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include <jerror.h>

typedef struct {
    // First, so that libjpeg's pointer to its manager is a pointer to this.
    struct jpeg_error_mgr manager;
    jmp_buf escape;
    CodecMessage message;
} JpegFailure;

struct jpeg_error_mgr *jpeg_failure_prepare(JpegFailure *failure, CodecMessage message);

_Noreturn void jpeg_fail(JpegFailure *failure, const char *text);

#endif
