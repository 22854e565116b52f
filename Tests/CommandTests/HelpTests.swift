import Testing

/// The whole help texts, so that they cannot drift unseen.
@Suite struct HelpTests {
    @Test(arguments: [
        (["--help"], root), (["generate", "--help"], generate), (["edit", "--help"], edit),
        (["describe", "--help"], describe), (["chat", "--help"], chat), (["convert", "--help"], convert),
        (["init", "--help"], initialise), (["quantize", "--help"], quantize), (["plan", "--help"], plan),
        (["train", "--help"], train), (["data", "check", "--help"], dataCheck),
        (["data", "encode", "--help"], dataEncode), (["bench", "--help"], bench),
        (["info", "--help"], info),
    ])
    func helpSaysThis(arguments: [String], text: String) throws {
        let outcome = try Program.run(arguments)
        #expect(outcome.status == 0)
        // Trailing blanks are the argument parser's.
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        let trimmed = lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
        #expect(trimmed.joined(separator: "\n") == text + "\n\n" || trimmed.joined(separator: "\n") == text + "\n")
    }

    private static let root = """
        OVERVIEW: Draw, edit and talk about pictures with OmniGen2.

        USAGE: omnigen2 <subcommand>

        OPTIONS:
          --version               Show the version.
          -h, --help              Show help information.

        SUBCOMMANDS:
          generate                Draw a picture from a text.
          edit                    Change a picture, or compose one from several.
          describe                Say what pictures show, or answer a question.
          chat                    Talk with the model, which answers with text or a
                                  picture.
          convert                 Write a model folder in the published layout from
                                  other files.
          quantize                Write a model with packed weights: smaller, and there
                                  at once.
          plan                    Foresee the memory and time that a picture takes.
          init                    Write a model that has not learnt anything, to train
                                  it from scratch.
          train                   Fine-tune the model, or a LoRA adapter for it.
          data                    Check the data of a training run, or encode it
                                  beforehand.
          bench                   Measure how fast kernels and models run here. No
                                  model is needed.
          info                    Show what is installed, and what a model folder holds.

          See 'omnigen2 help <subcommand>' for detailed help.
        """

    private static let plan = """
        OVERVIEW: Foresee the memory and time that a picture takes.

        The options are those of 'generate' and 'edit'. Of the model only names and
        shapes are read. How fast this machine is for a model of its size is measured
        once, in a second or two, and kept in the program's cache. TeaCache is taken to
        save nothing: what it skips depends on the picture.

        USAGE: omnigen2 plan [<options>] [<prompt>]

        ARGUMENTS:
          <prompt>                What to draw. (default: a text of usual length)

        \(model)

        \(drawing)

        \(run)

        OPTIONS:
          --reference <png|WxH>   A picture to be edited or composed from: its file, or
                                  its size. Repeat.
          --json                  Print a JSON object.
          --version               Show the version.
          -h, --help              Show help information.
        """

    // What several commands share.

    private static let model = """
        MODEL:
          --model <model>         Model folder in the published layout, or a Hugging
                                  Face repository such as OmniGen2/OmniGen2. (default:
                                  Models/shapes, the small model that comes with the
                                  program)
          --dtype <type>          Number type: fp32, fp16 or bf16. (default: bf16)
          --quantize <type>       Round the weights of large layers while they are
                                  loaded: int8 or int4. On the CPU, in bf16.
          --transformer <file>    Transformer from this safetensors file, such as
                                  ComfyUI's.
          --vae <file>            Autoencoder from this file, such as ae.safetensors.
          --mllm <file>           Qwen2.5-VL from this file, such as ComfyUI's text
                                  encoder.
          --processor <dir>       Tokenizer from this folder. (default: that of the
                                  model)
        """

    private static let drawing = """
        DRAWING:
          --preset <name>         Settings that go together, which other options
                                  override: fast, or quality, which has the defaults.
                                  fast rounds weights to int8 on the CPU.
          --negative-prompt <text>
                                  What to stay away from. (default: that of the
                                  official script)
          --height <pixels>       Height in pixels. (default: the model's, 1024 for the
                                  published one)
          --width <pixels>        Width in pixels. (default: the model's, 1024 for the
                                  published one)
          --max-pixels <pixels>   Larger pictures are drawn at this many and stretched.
                                  (default: 1048576)
          --steps <n>             Steps from noise to picture. (default: 50)
          --text-guidance <scale> How strongly the prompt pulls; 1 is off. (default: 5)
          --image-guidance <scale>
                                  How strongly reference pictures pull; nothing without
                                  them. (default: 2)
          --cfg-range <from> <to> Part of the run in which guidance applies. (default:
                                  0 1)
          --scheduler <name>      Solver: euler or dpmsolver++. (default: euler)
          --cache <name>          Skip layers at some steps: none, teacache[:threshold]
                                  or taylorseer[:interval[:order]]. (default: none)
          --seed <n>              Seed of the noise. (default: 0)
          --count <n>             How many pictures. (default: 1)
        """

    private static let output = """
        OUTPUT:
          -o, --output <png>      Where to write the PNG. (default: output.png)
          --force                 Overwrite existing files.
          --json                  Report progress as JSON lines on standard output.
        """

    private static let adapters = """
        ADAPTERS:
          --lora <path[:scale]>   A LoRA file or folder, and how strongly it acts; may
                                  be repeated. (default scale: 1)
          --merge-lora            Make the adapters part of the weights: faster, more
                                  memory.
        """

    private static let engine = """
        ENGINE:
          --libtorch <dir>        Folder of libtorch.
          --device <device>       Where to compute: auto, cpu or cuda. (default: auto)
          --threads <n>           Threads to compute with. (default: physical cores)
        """

    private static let run = """
        \(engine)
          --max-memory <size>     Stay below this much memory, such as 3GB or 4GiB: a
                                  model that takes more is read block by block while it
                                  runs. (default: what the machine has left)
        """

    private static let text = """
        TEXT:
          --max-tokens <n>        How many tokens a reply may have. (default: 256)
          --temperature <t>       0 takes the best token, more draws. (default: the
                                  checkpoint's, 1e-6)
          --top-k <n>             Draw from the best n tokens; 0 is all. (default: the
                                  checkpoint's, 50)
          --top-p <p>             Draw from the best tokens that are this probable
                                  together. (default: the checkpoint's, 1)
          --repetition-penalty <x>
                                  What tokens that stood before lose; 1 is nothing.
                                  (default: the checkpoint's, 1.05)
          --stop <text>           A string that ends a reply; repeatable.
        """

    private static let generate = """
        OVERVIEW: Draw a picture from a text.

        The picture is written as PNG and carries its prompt, seed and settings:
        'omnigen2 generate --from picture.png' draws it again.

        USAGE: omnigen2 generate [<options>] [<prompt>]

        ARGUMENTS:
          <prompt>                What to draw.

        \(model)

        \(drawing)

        \(output)

        \(adapters)

        \(run)

        OPTIONS:
          --from <png>            Repeat the picture of this PNG; other options
                                  override.
          --version               Show the version.
          -h, --help              Show help information.
        """

    private static let edit = """
        OVERVIEW: Change a picture, or compose one from several.

        One picture is edited; of several, up to five, a new one is composed. The
        prompt may name them "the first image" and so on. The result carries its
        settings and the names of its sources: 'omnigen2 edit --from picture.png' draws
        it again.

        USAGE: omnigen2 edit [<options>] [<prompt>]

        ARGUMENTS:
          <prompt>                What to change, or what to make of the pictures.

        SOURCES:
          --image <file>          A PNG, JPEG or WebP picture; repeat for up to five.
          --align/--no-align      The result takes the size of a single source, rounded
                                  down to 16. (default: --align)
          --exact-size/--no-exact-size
                                  The result has precisely the size of the first
                                  source, each pixel where it was. (default: with
                                  --mask)
          --mask <file>           A picture of the first source's size: white may
                                  change, black comes back byte for byte.
          --max-input-side <pixels>
                                  Longest side a source keeps. (default: 1024)
          --reference-latents <kind>
                                  What is read of a source: sample of its distribution,
                                  or its mode. (default: sample)

        \(model)

        \(drawing)

        \(output)

        \(adapters)

        \(run)

        OPTIONS:
          --from <png>            Repeat the picture of this PNG; other options
                                  override.
          --version               Show the version.
          -h, --help              Show help information.
        """

    private static let describe = """
        OVERVIEW: Say what pictures show, or answer a question.

        USAGE: omnigen2 describe [<options>] <image> ...

        ARGUMENTS:
          <image>                 PNG, JPEG or WebP pictures.

        \(model)

        \(text)

        \(run)

        OPTIONS:
          -q, --question <text>   What to ask; the pictures are img1, img2 and so on.
                                  (default: Describe this image.)
          --seed <n>              Seed of the draws. (default: 0)
          --json                  Report text and progress as JSON lines on standard
                                  output.
          --version               Show the version.
          -h, --help              Show help information.
        """

    private static let chat = """
        OVERVIEW: Talk with the model, which answers with text or a picture.

        Without a MESSAGE every line of standard input is one; '/help' among them lists
        what else can be said. A picture that was drawn goes with the next message.
        Drawn pictures are numbered: output-1.png, output-2.png and so on. With a
        MESSAGE there is one reply, and its picture goes to --output.

        USAGE: omnigen2 chat [<options>] [<message>]

        ARGUMENTS:
          <message>               What to say. (default: a conversation)

        \(model)

        \(text)

        \(drawing)

        \(output)

        \(adapters)

        \(run)

        OPTIONS:
          --image <file>          A picture that goes with the first message, PNG, JPEG
                                  or WebP; repeat for up to five.
          --version               Show the version.
          -h, --help              Show help information.
        """

    private static let convert = """
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

    private static let initialise = """
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

    private static let train = """
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

    private static let dataCheck = """
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

    private static let dataEncode = """
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

    private static let bench = """
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

    private static let info = """
        OVERVIEW: Show what is installed, and what a model folder holds.

        USAGE: omnigen2 info [<model>] [--libtorch <dir>]

        ARGUMENTS:
          <model>                 A model folder in the published layout.

        OPTIONS:
          --libtorch <dir>        Folder of libtorch.
          --version               Show the version.
          -h, --help              Show help information.
        """

    private static let quantize = """
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
}
