/// `mllm/generation_config.json` of a checkpoint: how its text is meant to be drawn, and which tokens end it.
///
/// Source: `GenerationConfig` of `transformers` 4.51.3, whose defaults stand where the file says nothing.
package struct GenerationConfiguration: Decodable, Sendable {
    package let sampling: TextSampling
    package let stopTokens: Set<Int>

    private enum Key: String, CodingKey {
        case samples = "do_sample"
        case temperature
        case topK = "top_k"
        case topP = "top_p"
        case repetitionPenalty = "repetition_penalty"
        case stopTokens = "eos_token_id"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let samples = try values.decodeIfPresent(Bool.self, forKey: .samples) ?? false
        let temperature = try values.decodeIfPresent(Double.self, forKey: .temperature) ?? 1
        // A null switches top-k off, which has a default.
        let topK = values.contains(.topK) ? try values.decodeIfPresent(Int.self, forKey: .topK) ?? 0 : 50
        sampling = TextSampling(
            temperature: samples ? temperature : 0, topK: topK,
            topP: try values.decodeIfPresent(Double.self, forKey: .topP) ?? 1,
            repetitionPenalty: try values.decodeIfPresent(Double.self, forKey: .repetitionPenalty) ?? 1)
        if let token = try? values.decode(Int.self, forKey: .stopTokens) {
            stopTokens = [token]
        } else {
            stopTokens = Set(try values.decodeIfPresent([Int].self, forKey: .stopTokens) ?? [])
        }
    }
}
