using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Entrepot.SystemTests.Docs;

/// <summary>What the docs show is what happens: their commands are run in their order, against a network as <c>./run</c> starts it.</summary>
public sealed class DocumentationTests : IAsyncLifetime
{
    private static readonly string Root = FindRoot();

    /// <summary>Commands that are not for a test: they would run the tests again, or need a second machine.</summary>
    private static readonly string[] NotRun = ["./test", "entrepot serve"];

    private readonly TestFolder _folder = new();
    private EntrepotProcess _network = null!;

    public async ValueTask InitializeAsync()
    {
        // The script of the docs, without the building. It stands for ./run in the folder where a reader would be.
        var script = _folder["run"];
        await File.WriteAllTextAsync(script, $"#!/bin/sh\nexec '{EntrepotProcess.Program}' \"$@\"\n");
        (await Command.RunAsync("chmod", "+x", script)).ShouldSucceed();
        TestFolder.WriteRandom(_folder["disk.img"], 50_000_000, 3);
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
    [InlineData("README.md")]
    [InlineData("docs/guide/downloading.md")]
    public async Task A_page_shows_what_happens(string page)
    {
        foreach (var program in (string[])["curl", "wget", "aria2c"])
            Command.Require(program);
        var file = Sample();
        foreach (var step in Transcript.Read(Path.Combine(Root, page)))
        {
            if (Array.Exists(NotRun, command => step.Command.StartsWith(command, StringComparison.Ordinal)))
                continue;
            var output = step.Command == "./run" ? _network.Output : await ShellAsync($"F={file}; {Translate(step.Command)}");
            step.ShouldHappen(output);
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
        => command
            .Replace("http://127.0.0.1:8080", _network.Url("scheduler").GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)
            .Replace("http://127.0.0.1:8333", _network.Url("push").GetLeftPart(UriPartial.Authority), StringComparison.Ordinal);

    private async Task<string> ShellAsync(string line)
    {
        var result = await Command.RunAsync("/bin/sh", "-c", $"cd '{_folder.Root}' && {line}");
        return result.ShouldSucceed().Output + result.Error;
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
