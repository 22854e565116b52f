import Imaging
import OmniGen2

/// A request of `txt2img` or `img2img`, in the names of this server's own settings.
struct Automatic1111Request {
    var settings: PictureSettings
    var inputs = PictureInputs()
    private(set) var warnings: [String] = []

    /// Fields of tools for Stable Diffusion that have no meaning for this model.
    private static let meaningless: Set = [
        "denoising_strength", "restore_faces", "tiling", "enable_hr", "hr_scale", "hr_upscaler", "clip_skip", "styles",
        "subseed", "subseed_strength", "s_noise", "s_churn", "s_tmin", "s_tmax", "eta", "refiner_checkpoint",
        "refiner_switch_at",
    ]

    init(_ fields: inout Fields, _ context: SettingsContext, _ pictures: PictureReader) async throws {
        let batch = (try fields.int("batch_size") ?? 1, try fields.int("n_iter") ?? 1)
        guard batch.0 > 0, batch.1 > 0, batch.0 <= 64, batch.1 <= 64 else {
            throw APIError.invalid("batch_size and n_iter must be between 1 and 64", "batch_size")
        }
        fields.assume("n", .int(batch.0 * batch.1))
        if let scale = try fields.double("cfg_scale") { fields.assume("guidance_scale", .double(scale)) }
        if let scale = try fields.double("image_cfg_scale") { fields.assume("guidance_scale_2", .double(scale)) }
        let sampler = try fields.string("sampler_name", "sampler_index")
        let images = try fields.document("init_images")?.array ?? []
        let mask = try fields.document("mask")
        settings = try PictureSettings(&fields, context)
        if let sampler {
            guard let scheduler = Automatic1111Samplers.scheduler(sampler) else {
                throw APIError.invalid("there is no sampler '\(sampler.prefix(40))' here", "sampler_name")
            }
            settings.request.scheduler = scheduler
        }
        var bytes: [[UInt8]] = []
        for image in images { bytes.append(try await pictures.bytes(image, "init_images")) }
        inputs = try await pictures.checked(bytes, mask: try await Self.mask(mask, &fields, pictures, context.limits))
        warnings = fields.unread.filter(Self.meaningless.contains).map { "\($0) has no meaning for this model" }
    }

    /// The mask; with `inpainting_mask_invert` what is white stays.
    private static func mask(
        _ document: JSONValue?, _ fields: inout Fields, _ pictures: PictureReader, _ limits: RequestLimits
    ) async throws -> [UInt8]? {
        let inverts = try fields.int("inpainting_mask_invert") == 1
        guard let document else { return nil }
        let bytes = try await pictures.bytes(document, "mask")
        guard inverts else { return bytes }
        do {
            let mask = try Image.mask(decoding: bytes, pixelLimit: limits.inputPixels)
            return try Image(width: mask.width, height: mask.height, pixels: mask.pixels.map { 255 - $0 }).pngData()
        } catch {
            throw APIError.invalid("the mask: \(error)", "mask", code: "invalid_image")
        }
    }
}
