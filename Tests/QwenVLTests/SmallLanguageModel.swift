import Foundation
import Layers
import Torch

@testable import QwenVL

/// A language model of random weights, small and fast, with grouped heads.
enum SmallLanguageModel {
    static func configuration(
        maximumTokens: Int = 1000, vocabulary: Int = 40, imageToken: Int = 39
    ) throws -> LanguageModelConfiguration {
        let json = """
            {"hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 6,
             "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "rope_theta": 10000, "vocab_size": \(vocabulary),
             "rope_scaling": {"mrope_section": [1, 1, 2]}, "image_token_id": \(imageToken), "vision_start_token_id": 38,
             "max_position_embeddings": \(maximumTokens),
             "vision_config": {"depth": 1, "hidden_size": 16, "num_heads": 2, "intermediate_size": 16,
              "out_hidden_size": 48, "fullatt_block_indexes": [0]}}
            """
        return try JSONDecoder().decode(LanguageModelConfiguration.self, from: Data(json.utf8))
    }

    static func make(
        maximumTokens: Int = 1000, vocabulary: Int = 40, imageToken: Int = 39, dtype: DType = .float32,
        storage: WeightStorage = .dense
    ) throws -> LanguageModel {
        try LanguageModel(
            Weights(RandomSource(seed: 3), dtype: dtype, storage: storage),
            configuration(maximumTokens: maximumTokens, vocabulary: vocabulary, imageToken: imageToken))
    }
}
