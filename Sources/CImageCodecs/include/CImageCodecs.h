// Decoders and encoders of 8-bit pictures over libpng, libjpeg-turbo and libwebp. What those libraries report by
// longjmp, callback or code comes back as a status and a line of text. Nothing here keeps state between calls.

#ifndef CIMAGECODECS_H
#define CIMAGECODECS_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    CODEC_OK = 0,
    CODEC_FAILED = 1,
    // Width times height is above the limit; the picture's width and height are set.
    CODEC_TOO_LARGE = 2,
    CODEC_OUT_OF_MEMORY = 3,
} CodecStatus;

// Where a failed call leaves its reason: NUL-terminated, cut to the capacity, empty if there is none.
typedef struct {
    char *_Nonnull text;
    size_t capacity;
} CodecMessage;

// Bytes that this library allocated; released with codec_free.
typedef struct {
    uint8_t *_Nullable bytes;
    size_t count;
    size_t capacity;
} CodecBuffer;

// Rows from the top, pixels from the left, `channels` bytes a pixel: 3 is RGB, 4 is RGBA with straight alpha.
typedef struct {
    uint8_t *_Nullable pixels;
    uint32_t width;
    uint32_t height;
    uint32_t channels;
    // Bits of a sample in the file, if more than the 8 that are kept; else 0.
    uint32_t wide_bits;
    // The EXIF block as the file stores it, with or without its "Exif\0\0" prefix.
    CodecBuffer exif;
} CodecPicture;

// A text entry of a PNG. The key is Latin-1; the value is UTF-8 if `is_utf8`, else Latin-1.
typedef struct {
    const char *_Nonnull key;
    const char *_Nonnull value;
    size_t key_length;
    size_t value_length;
    int is_utf8;
} CodecText;

typedef struct {
    CodecText *_Nullable entries;
    size_t count;
} CodecTextList;

void codec_free(void *_Nullable memory);

// Each decoder leaves `picture` empty unless it returns CODEC_OK; then the caller ends with codec_picture_free.
CodecStatus codec_png_decode(const uint8_t *_Nullable bytes, size_t count, uint64_t pixel_limit,
                             CodecPicture *_Nonnull picture, CodecMessage message);
CodecStatus codec_jpeg_decode(const uint8_t *_Nullable bytes, size_t count, uint64_t pixel_limit,
                              CodecPicture *_Nonnull picture, CodecMessage message);
CodecStatus codec_webp_decode(const uint8_t *_Nullable bytes, size_t count, uint64_t pixel_limit,
                              CodecPicture *_Nonnull picture, CodecMessage message);
void codec_picture_free(CodecPicture *_Nonnull picture);

// Each encoder reads width * height * 3 bytes of RGB and fills an empty `output`, which stays empty on failure.
CodecStatus codec_png_encode(const uint8_t *_Nullable rgb, uint32_t width, uint32_t height,
                             const CodecText *_Nullable texts, size_t text_count,
                             CodecBuffer *_Nonnull output, CodecMessage message);
CodecStatus codec_jpeg_encode(const uint8_t *_Nullable rgb, uint32_t width, uint32_t height, int quality,
                              CodecBuffer *_Nonnull output, CodecMessage message);
CodecStatus codec_webp_encode(const uint8_t *_Nullable rgb, uint32_t width, uint32_t height, int quality,
                              int lossless, CodecBuffer *_Nonnull output, CodecMessage message);

// The tEXt, zTXt and iTXt entries before and after the picture data, which is not decoded.
CodecStatus codec_png_read_text(const uint8_t *_Nullable bytes, size_t count, CodecTextList *_Nonnull list,
                                CodecMessage message);
void codec_text_list_free(CodecTextList *_Nonnull list);

#endif
