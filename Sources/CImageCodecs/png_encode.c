#include "support.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>

typedef struct {
    CodecBuffer *output;
    CodecMessage message;
    png_structp png;
    png_infop info;
    png_text *texts;
} Writer;

static void on_error(png_structp png, png_const_charp text) {
    Writer *writer = png_get_error_ptr(png);
    codec_say(writer->message, text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
    Writer *writer = png_get_io_ptr(png);
    if (!codec_append(writer->output, bytes, count)) {
        png_error(png, "out of memory");
    }
}

static void flush_nothing(png_structp png) {
    (void)png;
}

static png_text *convert_texts(const CodecText *texts, size_t count) {
    png_text *converted = calloc(count + 1, sizeof(png_text));
    for (size_t i = 0; converted != NULL && i < count; i++) {
        converted[i].compression = texts[i].is_utf8 ? PNG_ITXT_COMPRESSION_NONE : PNG_TEXT_COMPRESSION_NONE;
        converted[i].key = (char *)texts[i].key;
        converted[i].text = (char *)texts[i].value;
        if (texts[i].is_utf8) {
            converted[i].itxt_length = texts[i].value_length;
        } else {
            converted[i].text_length = texts[i].value_length;
        }
    }
    return converted;
}

static CodecStatus write_picture(Writer *writer, const uint8_t *rgb, uint32_t width, uint32_t height, int text_count) {
    png_structp png = writer->png;
    if (setjmp(png_jmpbuf(png))) {
        return CODEC_FAILED;
    }
    png_set_write_fn(png, writer, write_bytes, flush_nothing);
    png_set_IHDR(png, writer->info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_text(png, writer->info, writer->texts, text_count);
    png_write_info(png, writer->info);
    for (uint32_t y = 0; y < height; y++) {
        png_write_row(png, rgb + (size_t)y * width * 3);
    }
    png_write_end(png, writer->info);
    return CODEC_OK;
}

CodecStatus codec_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, const CodecText *texts,
                             size_t text_count, CodecBuffer *output, CodecMessage message) {
    Writer writer = {.output = output, .message = message};
    writer.texts = convert_texts(texts, text_count);
    writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer, on_error, on_warning);
    writer.info = writer.png == NULL ? NULL : png_create_info_struct(writer.png);
    CodecStatus status = CODEC_OUT_OF_MEMORY;
    if (writer.texts != NULL && writer.info != NULL) {
        status = write_picture(&writer, rgb, width, height, (int)text_count);
    }
    png_destroy_write_struct(&writer.png, &writer.info);
    free(writer.texts);
    if (status != CODEC_OK) {
        codec_buffer_clear(output);
    }
    return status;
}
