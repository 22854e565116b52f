#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>

static const char *decode_message(VP8StatusCode code) {
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return "out of memory";
    case VP8_STATUS_BITSTREAM_ERROR:
        return "the bitstream is damaged";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return "it uses an unsupported feature";
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return "the data ends early";
    default:
        return "the header is not valid";
    }
}

static int copy_exif(const WebPData *data, CodecBuffer *exif) {
    WebPDemuxer *demuxer = WebPDemux(data);
    WebPChunkIterator chunk;
    memset(&chunk, 0, sizeof(chunk));
    int copied = 1;
    if (demuxer != NULL && WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk)) {
        copied = codec_append(exif, chunk.chunk.bytes, chunk.chunk.size);
    }
    WebPDemuxReleaseChunkIterator(&chunk);
    WebPDemuxDelete(demuxer);
    return copied;
}

static CodecStatus decode_still(const WebPData *data, CodecPicture *picture, CodecMessage message) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) {
        codec_say(message, "libwebp has another version than its header");
        return CODEC_FAILED;
    }
    size_t stride = (size_t)picture->width * picture->channels;
    if (stride > INT32_MAX) {
        codec_say(message, "a row is too long");
        return CODEC_FAILED;
    }
    config.output.colorspace = picture->channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = picture->pixels;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size = stride * picture->height;
    VP8StatusCode code = WebPDecode(data->bytes, data->size, &config);
    WebPFreeDecBuffer(&config.output);
    if (code != VP8_STATUS_OK) {
        codec_say(message, decode_message(code));
        return CODEC_FAILED;
    }
    return CODEC_OK;
}

static CodecStatus decode_first_frame(const WebPData *data, CodecPicture *picture, CodecMessage message) {
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(data, NULL);
    WebPAnimInfo info;
    uint8_t *frame = NULL;
    int timestamp = 0;
    CodecStatus status = CODEC_FAILED;
    if (decoder != NULL && WebPAnimDecoderGetInfo(decoder, &info) && info.canvas_width == picture->width
        && info.canvas_height == picture->height && WebPAnimDecoderGetNext(decoder, &frame, &timestamp)) {
        memcpy(picture->pixels, frame, (size_t)picture->width * picture->height * 4);
        status = CODEC_OK;
    } else {
        codec_say(message, "the first frame of the animation is damaged");
    }
    WebPAnimDecoderDelete(decoder);
    return status;
}

CodecStatus codec_webp_decode(const uint8_t *bytes, size_t count, uint64_t pixel_limit, CodecPicture *picture,
                              CodecMessage message) {
    *picture = (CodecPicture){0};
    WebPData data = {bytes, count};
    WebPBitstreamFeatures features;
    VP8StatusCode code = WebPGetFeatures(bytes, count, &features);
    if (code != VP8_STATUS_OK || features.width <= 0 || features.height <= 0) {
        codec_say(message, decode_message(code));
        return CODEC_FAILED;
    }
    uint32_t channels = features.has_alpha || features.has_animation ? 4 : 3;
    CodecStatus status =
        codec_allocate(picture, (uint32_t)features.width, (uint32_t)features.height, channels, pixel_limit);
    if (status == CODEC_OK) {
        status = features.has_animation ? decode_first_frame(&data, picture, message)
                                        : decode_still(&data, picture, message);
    }
    if (status == CODEC_OK && !copy_exif(&data, &picture->exif)) {
        status = CODEC_OUT_OF_MEMORY;
    }
    if (status != CODEC_OK) {
        codec_picture_free(picture);
    }
    return status;
}

static int write_bytes(const uint8_t *bytes, size_t count, const WebPPicture *picture) {
    return codec_append(picture->custom_ptr, bytes, count);
}

CodecStatus codec_webp_encode(const uint8_t *rgb, uint32_t width, uint32_t height, int quality, int lossless,
                              CodecBuffer *output, CodecMessage message) {
    WebPConfig config;
    WebPPicture picture;
    if (!WebPConfigInit(&config) || !WebPPictureInit(&picture)) {
        codec_say(message, "libwebp has another version than its header");
        return CODEC_FAILED;
    }
    if (width > WEBP_MAX_DIMENSION || height > WEBP_MAX_DIMENSION) {
        codec_say(message, "WebP holds at most 16383 pixels a side");
        return CODEC_FAILED;
    }
    config.lossless = lossless;
    config.quality = (float)quality;
    picture.use_argb = lossless;
    picture.width = (int)width;
    picture.height = (int)height;
    picture.writer = write_bytes;
    picture.custom_ptr = output;
    int encoded = WebPPictureImportRGB(&picture, rgb, (int)width * 3) && WebPEncode(&config, &picture);
    if (!encoded) {
        char text[64];
        snprintf(text, sizeof(text), "libwebp's encoder gave error %d", (int)picture.error_code);
        codec_say(message, text);
        codec_buffer_clear(output);
    }
    WebPPictureFree(&picture);
    return encoded ? CODEC_OK : CODEC_FAILED;
}
