#include "jpeg_failure.h"
#include "support.h"

#include <stdlib.h>

typedef struct {
    struct jpeg_compress_struct codec;
    JpegFailure failure;
    struct jpeg_destination_mgr destination;
    CodecBuffer *output;
    uint8_t block[16384];
} Encoder;

static void start_block(j_compress_ptr codec) {
    Encoder *encoder = (Encoder *)codec;
    encoder->destination.next_output_byte = encoder->block;
    encoder->destination.free_in_buffer = sizeof(encoder->block);
}

static void append(Encoder *encoder, size_t count) {
    if (!codec_append(encoder->output, encoder->block, count)) {
        jpeg_fail(&encoder->failure, "out of memory");
    }
}

// By libjpeg's contract the whole block counts here, whatever free_in_buffer says.
static boolean flush_block(j_compress_ptr codec) {
    Encoder *encoder = (Encoder *)codec;
    append(encoder, sizeof(encoder->block));
    start_block(codec);
    return TRUE;
}

static void finish_block(j_compress_ptr codec) {
    Encoder *encoder = (Encoder *)codec;
    append(encoder, sizeof(encoder->block) - encoder->destination.free_in_buffer);
}

static CodecStatus encode(Encoder *encoder, const uint8_t *rgb, uint32_t width, uint32_t height, int quality) {
    j_compress_ptr codec = &encoder->codec;
    if (setjmp(encoder->failure.escape)) {
        return CODEC_FAILED;
    }
    jpeg_create_compress(codec);
    encoder->destination = (struct jpeg_destination_mgr){
        .init_destination = start_block, .empty_output_buffer = flush_block, .term_destination = finish_block};
    codec->dest = &encoder->destination;
    codec->image_width = width;
    codec->image_height = height;
    codec->input_components = 3;
    codec->in_color_space = JCS_RGB;
    jpeg_set_defaults(codec);
    jpeg_set_quality(codec, quality, TRUE);
    jpeg_start_compress(codec, TRUE);
    while (codec->next_scanline < codec->image_height) {
        JSAMPROW row = (JSAMPROW)(rgb + (size_t)codec->next_scanline * width * 3);
        jpeg_write_scanlines(codec, &row, 1);
    }
    jpeg_finish_compress(codec);
    return CODEC_OK;
}

CodecStatus codec_jpeg_encode(const uint8_t *rgb, uint32_t width, uint32_t height, int quality, CodecBuffer *output,
                              CodecMessage message) {
    // On the heap: its fields change between setjmp and longjmp, which a local variable may not survive.
    Encoder *encoder = calloc(1, sizeof(Encoder));
    if (encoder == NULL) {
        return CODEC_OUT_OF_MEMORY;
    }
    encoder->output = output;
    encoder->codec.err = jpeg_failure_prepare(&encoder->failure, message);
    CodecStatus status = encode(encoder, rgb, width, height, quality);
    jpeg_destroy_compress(&encoder->codec);
    free(encoder);
    if (status != CODEC_OK) {
        codec_buffer_clear(output);
    }
    return status;
}
