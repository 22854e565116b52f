import Testing

/// The whole help texts, so that they cannot drift unseen.
@Suite struct HelpTests {
    @Test(arguments: [
        (["--help"], root), (["generate", "--help"], generate), (["edit", "--help"], edit),
        (["describe", "--help"], describe), (["chat", "--help"], chat), (["serve", "--help"], serve),
        (["convert", "--help"], convert), (["quantize", "--help"], quantize), (["plan", "--help"], plan),
        (["init", "--help"], initialise), (["train", "--help"], train), (["data", "check", "--help"], dataCheck),
        (["data", "encode", "--help"], dataEncode), (["bench", "--help"], bench), (["info", "--help"], info),
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
          serve                   Serve a model over HTTP: OpenAI's interface, jobs,
                                  and a web page.
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

    // What several commands share.

    static let model = """
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

    static let drawing = """
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

    static let output = """
        OUTPUT:
          -o, --output <png>      Where to write the PNG. (default: output.png)
          --force                 Overwrite existing files.
          --json                  Report progress as JSON lines on standard output.
        """

    static let adapters = """
        ADAPTERS:
          --lora <path[:scale]>   A LoRA file or folder, and how strongly it acts; may
                                  be repeated. (default scale: 1)
          --merge-lora            Make the adapters part of the weights: faster, more
                                  memory.
        """

    static let engine = """
        ENGINE:
          --libtorch <dir>        Folder of libtorch.
          --device <device>       Where to compute: auto, cpu or cuda. (default: auto)
          --threads <n>           Threads to compute with. (default: physical cores)
        """

    static let run = """
        \(engine)
          --max-memory <size>     Stay below this much memory, such as 3GB or 4GiB: a
                                  model that takes more is read block by block while it
                                  runs. (default: what the machine has left)
        """

    static let text = """
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
}
