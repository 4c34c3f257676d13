using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Entrepot.SystemTests.Docs;

/// <summary>What the docs show is what happens: their commands are run in their order, against a network as <c>./run</c> starts it.</summary>
public sealed class DocumentationTests : IAsyncLifetime
{
    internal static string Root { get; } = FindRoot();

    /// <summary>Commands that are not for a test: they would run the tests again, or need a second machine.</summary>
    private static readonly string[] NotRun = ["./test", "entrepot serve"];

    private static readonly string[] First = ["AUTH=", "{\"name\":\"images\"", "-X PATCH -H \"Content-Type: application/json"];

    private static readonly (string Surface, int Port)[] DefaultPorts = [("push", 8333), ("metadata", 3000), ("admin", 9080), ("scheduler", 8080)];

    private const string Mark = "==== ended with ";

    private readonly TestFolder _folder = new();
    private EntrepotProcess _network = null!;

    public async ValueTask InitializeAsync()
    {
        // The script of the docs, without the building. It stands for ./run in the folder where a reader would be.
        var script = _folder["run"];
        await File.WriteAllTextAsync(script, $"#!/bin/sh\nexec '{EntrepotProcess.Program}' \"$@\"\n");
        (await Command.RunAsync("chmod", "+x", script)).ShouldSucceed();
        _network = await EntrepotProcess.StartWithAsync(Ports(), _folder["data"], "up");
        await Poll.UntilAsync(
            async () => (await ShellAsync("./run nodes")).Split("healthy").Length == 3 && _network.Output.Contains("Ctrl-C stops."), TimeSpan.FromSeconds(60), () => _network.Output);
    }

    public async ValueTask DisposeAsync()
    {
        await _network.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("README.md", 50_000_000)]
    [InlineData("docs/guide/downloading.md", 0)]
    [InlineData("docs/reference/http-api.md", 3_000_000)]
    public async Task A_page_shows_what_happens(string page, int size)
    {
        foreach (var program in (string[])["curl", "wget", "aria2c", "openssl"])
            Command.Require(program);
        TestFolder.WriteRandom(_folder["disk.img"], size, 3);
        foreach (var name in (string[])["readme", "other", "fresh", "broken"])
            await File.WriteAllTextAsync(_folder[name], name == "readme" ? "hello\n" : name + "\n");
        var steps = Transcript.Read(Path.Combine(Root, page))
            .Where(static step => !Array.Exists(NotRun, command => step.Command.StartsWith(command, StringComparison.Ordinal)))
            // A reference describes reading before making, which is not the order of doing.
            .OrderBy(static step => Array.FindIndex(First, step.Command.Contains) is >= 0 and var order ? order : First.Length)
            .ToList();

        // One shell for the page, so that what a command sets is there for the next.
        var script = new StringBuilder($"F={Sample()}\n");
        foreach (var step in steps)
            script.Append(CultureInfo.InvariantCulture, $"{(step.Command == "./run" ? "true" : Translate(step.Command))}\necho \"{Mark}$?\"\n");
        var outputs = (await ShellAsync(script.ToString())).Split(Mark);

        for (var i = 0; i < steps.Count; i++)
        {
            outputs[i + 1][0].ShouldBe('0', $"{steps[i].Place}: $ {steps[i].Command}\nends with an error after\n{outputs[i]}");
            steps[i].ShouldHappen(steps[i].Command == "./run" ? _network.Output : i == 0 ? outputs[0] : outputs[i][1..]);
        }
    }

    /// <summary>The three commands that <c>./run</c> prints to paste.</summary>
    [Fact]
    public async Task The_commands_to_paste_work()
    {
        Command.Require("aria2c");
        Command.Require("curl");
        var commands = _network.Output.Split('\n').SkipWhile(static line => line != "Try:").Skip(1).TakeWhile(static line => line.Length > 0).ToList();

        commands.Count.ShouldBe(3);
        var expected = TestFolder.HashOf(typeof(object).Assembly.Location);
        foreach (var command in commands)
        {
            await ShellAsync(command.Trim());
            var file = _folder["System.Private.CoreLib.dll"];
            TestFolder.HashOf(file).ShouldBe(expected, command);
            File.Delete(file);
        }
    }

    /// <summary>The address of the file that <c>./run</c> proposes.</summary>
    private string Sample()
        => _network.Output.Split('\n').First(static line => line.TrimStart().StartsWith("curl", StringComparison.Ordinal)).Split(' ')[^1];

    /// <summary>The docs show the default ports; a test may not count on them.</summary>
    private string Translate(string command)
        => DefaultPorts.Aggregate(command, (text, port) => text
            .Replace($"//127.0.0.1:{port.Port}", $"//127.0.0.1:{_network.Url(port.Surface).Port}", StringComparison.Ordinal)
            .Replace($"//localhost:{port.Port}", $"//localhost:{_network.Url(port.Surface).Port}", StringComparison.Ordinal));

    private async Task<string> ShellAsync(string line)
    {
        var result = await Command.RunAsync("/bin/bash", "-c", $"cd '{_folder.Root}' && exec 2>&1\n{line}");
        return result.ShouldSucceed().Output;
    }

    /// <summary>Wanted ports that are free now, so that the reasons are those of the docs.</summary>
    private static string Ports()
    {
        var sockets = Enumerable.Range(0, 4).Select(static _ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        foreach (var socket in sockets)
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var ports = sockets.ConvertAll(static socket => ((IPEndPoint)socket.LocalEndPoint!).Port.ToString(CultureInfo.InvariantCulture));
        sockets.ForEach(static socket => socket.Dispose());
        return $$"""
            surfaces:
              push: {port: {{ports[0]}}}
              metadata: {port: {{ports[1]}}}
              admin: {port: {{ports[2]}}}
              scheduler: {port: {{ports[3]}}}
            """;
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Entrepot.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the source tree.");
        return folder;
    }
}
