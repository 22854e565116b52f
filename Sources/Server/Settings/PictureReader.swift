import OmniGen2

/// Gets the pictures that requests bring or name.
struct PictureReader: Sendable {
    let store: JobStore
    let checker: PictureChecker
    /// Fetches a picture of another server; `nil` where that is not allowed.
    let fetch: (@Sendable (String) async throws -> [UInt8])?

    /// The pictures and the mask of a form or of JSON.
    func inputs(_ content: inout RequestContent) async throws -> PictureInputs {
        var images = content.files.filter { ["image", "image[]", "images", "images[]"].contains($0.name) }.map(\.bytes)
        var mask = content.files.first { $0.name == "mask" }?.bytes
        for name in ["images", "image"] {
            guard let document = try content.fields.document(name) else { continue }
            for entry in document.array ?? [document] { images.append(try await bytes(entry, name)) }
        }
        if let document = try content.fields.document("mask") { mask = try await bytes(document, "mask") }
        return try await checked(images, mask: mask)
    }

    /// Looks at encoded pictures.
    func checked(_ images: [[UInt8]], mask: [UInt8]?) async throws -> PictureInputs {
        var room = checker.room()
        var pictures: [PictureInputs.Picture] = []
        for (index, bytes) in images.prefix(GenerationRequest.maximumReferences + 1).enumerated() {
            let (picture, rest) = try await checker.picture(bytes, "image \(index + 1)", "image", room)
            pictures.append(picture)
            room = rest
        }
        guard let mask else { return try PictureInputs(images: pictures, mask: nil) }
        let (picture, _) = try await checker.picture(mask, "the mask", "mask", room)
        return try PictureInputs(images: pictures, mask: picture)
    }

    /// A picture that a text stands for, or an object with such a text.
    func bytes(_ entry: JSONValue, _ parameter: String) async throws -> [UInt8] {
        let text =
            entry.string ?? entry["image_url"]?.string ?? entry["image_url"]?["url"]?.string ?? entry["url"]?.string
        guard let text else { throw APIError.invalid("\(parameter) must be text, got \(entry.excerpt)", parameter) }
        if let own = Self.own(text) {
            guard let picture = try await store.picture(own.job, own.kind, own.index) else {
                throw APIError.invalid("\(parameter): there is no picture \(text.suffix(80))", parameter)
            }
            return picture.bytes
        }
        if text.hasPrefix("http://") || text.hasPrefix("https://") {
            guard let fetch else {
                throw APIError.invalid(
                    "\(parameter): this server does not fetch pictures; send them as data:image/png;base64,…",
                    parameter,
                    code: "image_urls_not_allowed")
            }
            do {
                return try await fetch(text)
            } catch var error as APIError {
                error.parameter = parameter
                throw error
            }
        }
        guard let bytes = DataURL.bytes(text) else {
            throw APIError.invalid(
                "\(parameter) must be a picture as data:image/png;base64,…, got '\(text.prefix(40))'", parameter)
        }
        return bytes
    }

    /// A picture of this server's, by its address.
    private static func own(_ text: String) -> (job: String, kind: Job.Picture.Kind, index: Int)? {
        guard text.utf8.count < 512, let start = text.firstRange(of: "/v1/") else { return nil }
        let words = text[start.upperBound...].split(separator: "/", omittingEmptySubsequences: false)
        guard words.count >= 3, Job.isID(words[1]) else { return nil }
        let index = words.last?.split(separator: ".").first.flatMap { Int($0) }
        switch (words[0], words.count, words[2]) {
        case ("pictures", 3, _): return index.map { (String(words[1]), .output, $0) }
        case ("jobs", 4, "inputs"): return index.map { (String(words[1]), .input, $0) }
        case ("jobs", 3, "mask"): return (String(words[1]), .mask, 0)
        default: return nil
        }
    }
}
