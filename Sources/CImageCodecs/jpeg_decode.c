#include "jpeg_failure.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

// A crafted progressive file can ask for thousands of passes over the whole picture; real ones have about ten.
enum { maximum_scans = 500 };

typedef struct {
    struct jpeg_decompress_struct codec;
    JpegFailure failure;
    struct jpeg_progress_mgr progress;
    // One row of CMYK, before its conversion.
    uint8_t *row;
} Decoder;

// libjpeg would fill what is missing with grey; a file that ends early is refused instead.
static void on_warning(j_common_ptr codec, int level) {
    if (level < 0 && codec->err->msg_code == JWRN_JPEG_EOF) {
        codec->err->error_exit(codec);
    }
}

static void check_scans(j_common_ptr codec) {
    Decoder *decoder = (Decoder *)codec;
    if (decoder->codec.input_scan_number > maximum_scans) {
        jpeg_fail(&decoder->failure, "more than 500 scans");
    }
}

static int copy_exif(j_decompress_ptr codec, CodecBuffer *exif) {
    for (jpeg_saved_marker_ptr marker = codec->marker_list; marker != NULL; marker = marker->next) {
        if (marker->data_length >= 6 && memcmp(marker->data, "Exif\0\0", 6) == 0) {
            return codec_append(exif, marker->data, marker->data_length);
        }
    }
    return 1;
}

static uint8_t multiply(uint8_t a, uint8_t b) {
    unsigned product = (unsigned)a * b + 128;
    return (uint8_t)((product + (product >> 8)) >> 8);
}

// Four-component files hold inverted inks by Adobe's convention. Rounded as Pillow rounds it, ink by ink.
static void convert_cmyk(const uint8_t *cmyk, uint8_t *rgb, size_t width) {
    for (size_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
        for (int i = 0; i < 3; i++) {
            rgb[i] = (uint8_t)(cmyk[3] - multiply((uint8_t)(255 - cmyk[i]), cmyk[3]));
        }
    }
}

static CodecStatus read_rows(Decoder *decoder, CodecPicture *picture) {
    j_decompress_ptr codec = &decoder->codec;
    int is_cmyk = codec->out_color_space == JCS_CMYK;
    size_t stride = (size_t)picture->width * 3;
    if (codec->output_components != (is_cmyk ? 4 : 3)) {
        return CODEC_FAILED;
    }
    if (is_cmyk) {
        decoder->row = malloc((size_t)picture->width * 4);
        if (decoder->row == NULL) {
            return CODEC_OUT_OF_MEMORY;
        }
    }
    while (codec->output_scanline < codec->output_height) {
        uint8_t *target = picture->pixels + stride * codec->output_scanline;
        JSAMPROW row = is_cmyk ? decoder->row : target;
        if (jpeg_read_scanlines(codec, &row, 1) == 1 && is_cmyk) {
            convert_cmyk(row, target, picture->width);
        }
    }
    return CODEC_OK;
}

static CodecStatus decode(Decoder *decoder, const uint8_t *bytes, size_t count, uint64_t pixel_limit,
                          CodecPicture *picture) {
    j_decompress_ptr codec = &decoder->codec;
    if (setjmp(decoder->failure.escape)) {
        return CODEC_FAILED;
    }
    jpeg_create_decompress(codec);
    decoder->progress.progress_monitor = check_scans;
    codec->progress = &decoder->progress;
    jpeg_mem_src(codec, bytes, (unsigned long)count);
    jpeg_save_markers(codec, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(codec, TRUE);
    CodecStatus status = codec_allocate(picture, codec->image_width, codec->image_height, 3, pixel_limit);
    if (status != CODEC_OK) {
        return status;
    }
    int has_four_inks = codec->jpeg_color_space == JCS_CMYK || codec->jpeg_color_space == JCS_YCCK;
    codec->out_color_space = has_four_inks ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(codec);
    status = read_rows(decoder, picture);
    if (status == CODEC_OK && !copy_exif(codec, &picture->exif)) {
        status = CODEC_OUT_OF_MEMORY;
    }
    return status;
}

CodecStatus codec_jpeg_decode(const uint8_t *bytes, size_t count, uint64_t pixel_limit, CodecPicture *picture,
                              CodecMessage message) {
    *picture = (CodecPicture){0};
    if (count == 0) {
        codec_say(message, "no data");
        return CODEC_FAILED;
    }
    // On the heap: its fields change between setjmp and longjmp, which a local variable may not survive.
    Decoder *decoder = calloc(1, sizeof(Decoder));
    if (decoder == NULL) {
        return CODEC_OUT_OF_MEMORY;
    }
    decoder->codec.err = jpeg_failure_prepare(&decoder->failure, message);
    decoder->codec.err->emit_message = on_warning;
    CodecStatus status = decode(decoder, bytes, count, pixel_limit, picture);
    jpeg_destroy_decompress(&decoder->codec);
    free(decoder->row);
    free(decoder);
    if (status != CODEC_OK) {
        codec_picture_free(picture);
    }
    return status;
}
