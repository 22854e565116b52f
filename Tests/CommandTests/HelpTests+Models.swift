/// What makes, trains and measures models.
extension HelpTests {
    static let convert = """
        OVERVIEW: Write a model folder in the published layout from other files.

        Reads single files of ComfyUI, or a folder (--model), or a folder of which
        files replace parts. Tensors are recognised by their names and keep their type
        unless --dtype says otherwise.

        USAGE: omnigen2 convert [--model <model>] --output <dir> [--dtype <type>] [--max-shard-size <size>] [--force] [--json] [--libtorch <dir>] [--transformer <file>] [--vae <file>] [--mllm <file>] [--processor <dir>]

        FILES:
          --transformer <file>    Transformer from this safetensors file, such as
                                  ComfyUI's.
          --vae <file>            Autoencoder from this file, such as ae.safetensors.
          --mllm <file>           Qwen2.5-VL from this file, such as ComfyUI's text
                                  encoder.
          --processor <dir>       Tokenizer from this folder. (default: that of the
                                  model)

        OPTIONS:
          --model <model>         Model folder, or a Hugging Face repository.
          -o, --output <dir>      Folder to write.
          --dtype <type>          Number type: fp32, fp16 or bf16. (default: as stored;
                                  fp8 as bf16)
          --max-shard-size <size> Largest file, such as 5GB or 4GiB. (default: 5GB)
          --force                 Replace a model folder that is there.
          --json                  Report progress as JSON lines on standard output.
          --libtorch <dir>        Folder of libtorch.
          --version               Show the version.
          -h, --help              Show help information.
        """

    static let quantize = """
        OVERVIEW: Write a model with packed weights: smaller, and there at once.

        The result is a model folder for this program, on the CPU, in bf16. Its files
        are mapped and not copied. Embeddings, modulation, norms and the transformer's
        output keep bf16; the scores of tokens keep 8 bits. The autoencoder is copied
        as it is. Docs/PackedLayout.md describes the files.

        Weights of 4 bits lose less with --calibrate: the model first draws small
        pictures of some prompts, and is then rounded part by part for what it computed
        with. That takes a while, and gives the same files and speed.

        USAGE: omnigen2 quantize <model> --type <type> --output <dir> [--calibrate] [--prompts <file>] [--force] [--json] [--libtorch <dir>]

        ARGUMENTS:
          <model>                 Model folder in the published layout, or a Hugging
                                  Face repository.

        OPTIONS:
          --type <type>           What large layers are stored as. (values: bf16, int8,
                                  int4)
          -o, --output <dir>      Folder to write.
          --calibrate             Round weights of 4 bits for what the model computes
                                  with.
          --prompts <file>        Text file of prompts to calibrate with, one a line.
                                  (default: some of many kinds)
          --force                 Replace a model folder that is there.
          --json                  Report progress as JSON lines on standard output.
          --libtorch <dir>        Folder of libtorch.
          --version               Show the version.
          -h, --help              Show help information.
        """

    static let initialise = """
        OVERVIEW: Write a model that has not learnt anything, to train it from scratch.

        The description names the sizes of the parts as the published config.json files
        do; what it does not name is as published. The tokenizer is learnt from the
        lines of the texts. The same description, texts and seed give the same files.

        USAGE: omnigen2 init --config <yml> [--text <file> ...] --output <dir> [--force] [--json] [--libtorch <dir>]

        OPTIONS:
          --config <yml>          Description of the model, such as
                                  Examples/Shapes/model.yml.
          --text <file>           Lines for the tokenizer; repeat for more. (default:
                                  the files of the description)
          -o, --output <dir>      Folder to write.
          --force                 Replace a model folder that is there.
          --json                  Report as JSON lines on standard output.
          --libtorch <dir>        Folder of libtorch.
          --version               Show the version.
          -h, --help              Show help information.
        """

    static let train = """
        OVERVIEW: Fine-tune the model, or a LoRA adapter for it.

        Reads the options of the original's script, such as options/ft_lora.yml, and
        writes checkpoints below --output: 'generate --model' takes those of the whole
        model, 'generate --lora' those of an adapter. A run that was stopped goes on
        from its newest checkpoint, to the same bits, unless the options say otherwise.

        USAGE: omnigen2 train --config <yml> [--output <dir>] [--model <model>] [--stage <stage>] [--data <path>] [--steps <n>] [--json] [--libtorch <dir>] [--device <device>] [--threads <n>]

        \(engine)

        OPTIONS:
          --config <yml>          Options of the run.
          -o, --output <dir>      Folder of the run. (default: experiments/NAME)
          --model <model>         Model folder or repository. (default: the one of the
                                  options)
          --stage <stage>         Part to train: the diffusion transformer, the
                                  autoencoder, or the language model with its vision
                                  tower. (default: the one of the options, or the
                                  transformer) (values: transformer, vae, mllm)
          --data <path>           Data to train on, such as what 'data encode' wrote.
                                  (default: the data_path of the options)
          --steps <n>             Last step. (default: the one of the options)
          --json                  Report progress as JSON lines on standard output.
          --version               Show the version.
          -h, --help              Show help information.
        """

    static let dataCheck = """
        OVERVIEW: Look at every sample: its line, its files, its pictures.

        Names each sample that cannot be trained on, with its file and line, and counts
        tasks, references and sizes. The exit code is 65 if there is such a sample.

        USAGE: omnigen2 data check <configuration> [--json]

        ARGUMENTS:
          <configuration>         Options of a run, or its data: a .yml, .jsonl or
                                  .json file, or a folder.

        OPTIONS:
          --json                  Report as JSON lines on standard output.
          --version               Show the version.
          -h, --help              Show help information.
        """

    static let dataEncode = """
        OVERVIEW: Encode pictures and instructions once, for training without their
        models.

        Writes the posteriors of the pictures and the states of the instructions of
        every sample to a folder. A run whose data_path names it trains the transformer
        on the same draws, and loads neither autoencoder nor language model. A sample
        that cannot be read is named, counted and left out.

        USAGE: omnigen2 data encode <yml> --output <dir> [--model <model>] [--batch-size <n>] [--force] [--json] [--libtorch <dir>] [--device <device>] [--threads <n>]

        ARGUMENTS:
          <yml>                   Options of the run, a .yml file.

        \(engine)

        OPTIONS:
          -o, --output <dir>      Folder to write.
          --model <model>         Model folder or repository. (default: the one of the
                                  options)
          --batch-size <n>        Pictures and prompts that are computed together; 1
                                  gives the very bits of training from pictures.
                                  (default: 32)
          --force                 Replace encoded samples that are there.
          --json                  Report progress as JSON lines on standard output.
          --version               Show the version.
          -h, --help              Show help information.
        """

    static let bench = """
        OVERVIEW: Measure how fast kernels and models run here. No model is needed.

        The models have the published sizes and random weights. Each case is run in
        turn with a micro-benchmark of the machine's peak that bounds it; the share of
        the peak is the median of those pairs, beside their spread. Memory is the most
        that the process held during the case.

        A step is the first of a run with all its guidance branches; what a run
        computes once before it is left out. first-token is vision tower and prefill.
        cold-start is this program started anew until libtorch is open, which is what
        stands before the first step but for reading the model: there is none here.
        rounding is no time, but the error of weights in 8 and 4 bits against bf16.

        USAGE: omnigen2 bench [<part> ...] [--filter <name> ...] [--dtype <type>] [--quantize <type>] [--repetitions <n>] [--threads <n>] [--json] [--libtorch <dir>]

        ARGUMENTS:
          <part>                  What to measure: kernels, transformer, autoencoder,
                                  language, rounding, start. (default: all)

        OPTIONS:
          --filter <name>         Measure the cases of this name only; * stands for any
                                  characters. Repeat for more.
          --dtype <type>          Number type of the models: fp32 or bf16. (default:
                                  bf16)
          --quantize <type>       Round the weights of large layers of the models: int8
                                  or int4.
          --repetitions <n>       Pairs of a case and its peak. (default: 7 for
                                  kernels, 3 for models)
          --threads <n>           Threads to compute with. (default: physical cores)
          --json                  Print a JSON object a line instead of a table.
          --libtorch <dir>        Folder of libtorch.
          --version               Show the version.
          -h, --help              Show help information.
        """

    static let info = """
        OVERVIEW: Show what is installed, and what a model folder holds.

        USAGE: omnigen2 info [<model>] [--libtorch <dir>]

        ARGUMENTS:
          <model>                 A model folder in the published layout.

        OPTIONS:
          --libtorch <dir>        Folder of libtorch.
          --version               Show the version.
          -h, --help              Show help information.
        """
}
