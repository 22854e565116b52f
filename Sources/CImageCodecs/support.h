// What the three codecs share.

#ifndef CIMAGECODECS_SUPPORT_H
#define CIMAGECODECS_SUPPORT_H

#include "CImageCodecs.h"

void codec_say(CodecMessage message, const char *text);

// Appends to the buffer, growing it by doubling. Returns 0 when memory is out; the buffer stays valid.
int codec_append(CodecBuffer *buffer, const void *bytes, size_t count);

void codec_buffer_clear(CodecBuffer *buffer);

// Checks the size against the limit and allocates the pixels. Sets width, height and channels in every case.
CodecStatus codec_allocate(CodecPicture *picture, uint32_t width, uint32_t height, uint32_t channels,
                           uint64_t pixel_limit);

#endif
