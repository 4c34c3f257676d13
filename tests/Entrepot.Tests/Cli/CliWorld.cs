using System.Text.Json;
using Entrepot.Cli;
using Entrepot.Server.Api;
using Entrepot.Server.Client;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Cli;

/// <summary>Runs command lines against a network in memory, in a folder of their own.</summary>
internal sealed class CliWorld : IAsyncDisposable
{
    private CliWorld(FakeNetwork network) => Network = network;

    public FakeNetwork Network { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("entrepot cli-").FullName;

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal) { ["TERM"] = "xterm-256color" };

    public bool IsTerminal { get; set; }

    public string Answer { get; set; } = "";

    /// <summary>What a command wrote to the standard output as bytes; null when it did not.</summary>
    public MemoryStream? OutputBytes { get; private set; }

    /// <summary>What a command reads from the standard input as bytes.</summary>
    public byte[] InputBytes { get; set; } = [];

    public FakeTimeProvider Time { get; } = new(FakeNetwork.Now);

    public static async Task<CliWorld> StartAsync()
    {
        var world = new CliWorld(await FakeNetwork.StartAsync());
        world.Variables["ENTREPOT_SERVER"] = world.Network.Url;
        return world;
    }

    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    public string Write(string name, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(name))!);
        File.WriteAllText(Path(name), text);
        return Path(name);
    }

    /// <summary>Writes what a node on a data folder announces.</summary>
    public void Announce(string folder, AnnouncedNetwork network)
        => Write(System.IO.Path.Combine(folder, "run", "network.json"), JsonSerializer.Serialize(network, ApiJson.Default.AnnouncedNetwork));

    /// <summary>Runs a command line.</summary>
    public async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(args, Environment(output, error), TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>As <see cref="RunAsync"/>, for a command that is expected to succeed without a word of complaint.</summary>
    public async Task<string> OutputOfAsync(params string[] args)
    {
        var (code, output, error) = await RunAsync(args);
        error.ShouldBe("");
        code.ShouldBe(0);
        return output;
    }

    /// <summary>As <see cref="OutputOfAsync"/>, with <c>--output json</c>.</summary>
    public async Task<JsonElement> JsonOfAsync(params string[] args)
        => JsonDocument.Parse(await OutputOfAsync([.. args, "--output", "json"])).RootElement;

    public CliEnvironment Environment(TextWriter output, TextWriter error) => new()
    {
        Output = output,
        Error = error,
        Input = new StringReader(Answer),
        OutputIsTerminal = IsTerminal,
        ErrorIsTerminal = IsTerminal,
        InputIsTerminal = IsTerminal,
        Width = 200,
        Variable = name => Variables.GetValueOrDefault(name),
        Time = Time,
        CreateHttp = ClientHandler.Create,
        StateFolder = Path(".state"),
        OpenOutput = () => OutputBytes = new MemoryStream(),
        OpenInput = () => new MemoryStream(InputBytes),
    };

    public async ValueTask DisposeAsync()
    {
        await Network.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
