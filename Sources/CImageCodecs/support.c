#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void codec_free(void *memory) {
    free(memory);
}

void codec_say(CodecMessage message, const char *text) {
    if (message.capacity > 0) {
        snprintf(message.text, message.capacity, "%s", text);
    }
}

int codec_append(CodecBuffer *buffer, const void *bytes, size_t count) {
    if (count == 0) {
        return 1;
    }
    if (count > SIZE_MAX / 2 - buffer->count) {
        return 0;
    }
    size_t needed = buffer->count + count;
    if (needed > buffer->capacity) {
        size_t capacity = buffer->capacity < 4096 ? 4096 : buffer->capacity * 2;
        if (capacity < needed) {
            capacity = needed;
        }
        uint8_t *grown = realloc(buffer->bytes, capacity);
        if (grown == NULL) {
            return 0;
        }
        buffer->bytes = grown;
        buffer->capacity = capacity;
    }
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count = needed;
    return 1;
}

void codec_buffer_clear(CodecBuffer *buffer) {
    free(buffer->bytes);
    *buffer = (CodecBuffer){0};
}

CodecStatus codec_allocate(CodecPicture *picture, uint32_t width, uint32_t height, uint32_t channels,
                           uint64_t pixel_limit) {
    picture->width = width;
    picture->height = height;
    picture->channels = channels;
    uint64_t count = (uint64_t)width * height;
    if (count == 0) {
        return CODEC_FAILED;
    }
    if (count > pixel_limit || count > SIZE_MAX / 4) {
        return CODEC_TOO_LARGE;
    }
    picture->pixels = malloc((size_t)count * channels);
    return picture->pixels == NULL ? CODEC_OUT_OF_MEMORY : CODEC_OK;
}

void codec_picture_free(CodecPicture *picture) {
    free(picture->pixels);
    picture->pixels = NULL;
    codec_buffer_clear(&picture->exif);
}
