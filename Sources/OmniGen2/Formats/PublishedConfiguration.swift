/// The configuration files of the published checkpoint, `OmniGen2/OmniGen2`: what a single file of tensors does not say.
package enum PublishedConfiguration {
    package static let modelIndex: JSONValue = [
        "_class_name": "OmniGen2Pipeline",
        "_diffusers_version": "0.33.1",
        "mllm": ["transformers", "Qwen2_5_VLForConditionalGeneration"],
        "processor": ["transformers", "Qwen2_5_VLProcessor"],
        "scheduler": ["scheduling_flow_match_euler_discrete", "FlowMatchEulerDiscreteScheduler"],
        "transformer": ["transformer_omnigen2", "OmniGen2Transformer2DModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    ]

    package static let scheduler: JSONValue = [
        "_class_name": "FlowMatchEulerDiscreteScheduler",
        "_diffusers_version": "0.33.1",
        "dynamic_time_shift": true,
        "num_train_timesteps": 1000,
    ]

    package static let transformer: JSONValue = [
        "_class_name": "OmniGen2Transformer2DModel",
        "_diffusers_version": "0.33.1",
        "axes_dim_rope": [40, 40, 40],
        "axes_lens": [1024, 1664, 1664],
        "ffn_dim_multiplier": nil,
        "hidden_size": 2520,
        "in_channels": 16,
        "multiple_of": 256,
        "norm_eps": 1e-05,
        "num_attention_heads": 21,
        "num_kv_heads": 7,
        "num_layers": 32,
        "num_refiner_layers": 2,
        "out_channels": nil,
        "patch_size": 2,
        "text_feat_dim": 2048,
        "timestep_scale": 1000.0,
    ]

    package static let autoencoder: JSONValue = [
        "_class_name": "AutoencoderKL",
        "_diffusers_version": "0.33.1",
        "act_fn": "silu",
        "block_out_channels": [128, 256, 512, 512],
        "down_block_types": [
            "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
        ],
        "force_upcast": true,
        "in_channels": 3,
        "latent_channels": 16,
        "latents_mean": nil,
        "latents_std": nil,
        "layers_per_block": 2,
        "mid_block_add_attention": true,
        "norm_num_groups": 32,
        "out_channels": 3,
        "sample_size": 1024,
        "scaling_factor": 0.3611,
        "shift_factor": 0.1159,
        "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
        "use_post_quant_conv": false,
        "use_quant_conv": false,
    ]

    package static let languageModel: JSONValue = [
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "attention_dropout": 0.0,
        "bos_token_id": 151643,
        "eos_token_id": 151645,
        "hidden_act": "silu",
        "hidden_size": 2048,
        "image_token_id": 151655,
        "initializer_range": 0.02,
        "intermediate_size": 11008,
        "max_position_embeddings": 128000,
        "max_window_layers": 70,
        "model_type": "qwen2_5_vl",
        "num_attention_heads": 16,
        "num_hidden_layers": 36,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-06,
        "rope_scaling": ["mrope_section": [16, 24, 24], "rope_type": "default", "type": "default"],
        "rope_theta": 1000000.0,
        "sliding_window": 32768,
        "tie_word_embeddings": true,
        "transformers_version": "4.51.3",
        "use_cache": true,
        "use_sliding_window": false,
        "video_token_id": 151656,
        "vision_config": visionTower,
        "vision_end_token_id": 151653,
        "vision_start_token_id": 151652,
        "vision_token_id": 151654,
        "vocab_size": 151936,
    ]

    private static let visionTower: JSONValue = [
        "depth": 32,
        "fullatt_block_indexes": [7, 15, 23, 31],
        "hidden_act": "silu",
        "hidden_size": 1280,
        "in_chans": 3,
        "intermediate_size": 3420,
        "model_type": "qwen2_5_vl",
        "num_heads": 16,
        "out_hidden_size": 2048,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "spatial_patch_size": 14,
        "temporal_patch_size": 2,
        "tokens_per_second": 2,
        "window_size": 112,
    ]

    package static let languageModelGeneration: JSONValue = [
        "bos_token_id": 151643,
        "do_sample": true,
        "eos_token_id": [151645, 151643],
        "pad_token_id": 151643,
        "repetition_penalty": 1.05,
        "temperature": 1e-06,
        "transformers_version": "4.51.3",
    ]
}
