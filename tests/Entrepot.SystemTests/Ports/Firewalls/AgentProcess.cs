using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Entrepot.SystemTests.Ports.Firewalls;

/// <summary>The real agent in a host of a <see cref="VirtualNetwork"/>, and the command line beside it.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _output = new();
    private readonly VirtualHost _host;
    private readonly TestFolder _folder;
    private Process _process;
    private string? _program;

    private AgentProcess(VirtualHost host, TestFolder folder) => (_host, _folder, _process) = (host, folder, null!);

    public string Output => string.Join('\n', _output);

    /// <summary>What the agent keeps.</summary>
    public string Folder => _folder["data/agent"];

    private string Socket => _folder["agent.sock"];

    public static async Task<AgentProcess> StartAsync(VirtualHost host, TestFolder folder, params string[] arguments)
    {
        var agent = new AgentProcess(host, folder);
        await agent.StartAsync(arguments);
        return agent;
    }

    /// <summary>Starts it, again after a kill.</summary>
    public async Task StartAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("ip", ["netns", "exec", _host.Namespace, EntrepotProcess.Program, "agent", "--socket", Socket, "--data", _folder["data"], .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Poll.UntilAsync(
            async () => _process.HasExited || (await CommandAsync("ports", "openings")).ExitCode == 0, TimeSpan.FromSeconds(30), () => $"the agent did not start:\n{Output}");
        _process.HasExited.ShouldBeFalse(Output);
    }

    /// <summary>Runs a command against the agent.</summary>
    public Task<CommandResult> CommandAsync(params string[] arguments)
        => _host.RunAsync(EntrepotProcess.Program, [.. arguments, "--socket", Socket]);

    /// <summary>Runs a command as another user and group.</summary>
    public async Task<CommandResult> CommandAsAsync(string user, string group, params string[] arguments)
    {
        // The way to the socket is open; the socket itself is what decides.
        (await Command.RunAsync("chmod", "755", _folder.Root)).ShouldSucceed();
        _program ??= await ProgramForAll.CopyAsync(_folder);
        return await Command.RunAsync(
            "setpriv", ["--reuid", user, "--regid", group, "--clear-groups", _program, .. arguments, "--socket", Socket]);
    }

    /// <summary>Applies a portfile.</summary>
    public async Task<CommandResult> ApplyAsync(string portfile, params string[] arguments)
    {
        var file = _folder["portfile.yaml"];
        await File.WriteAllTextAsync(file, portfile);
        string[] node = arguments.Contains("--node") ? [] : ["--node", "host"];
        return await CommandAsync(["ports", "apply", file, "--yes", .. node, .. arguments]);
    }

    /// <summary>Applies a portfile on a terminal of its own, on which somebody types.</summary>
    /// <param name="portfile">The portfile.</param>
    /// <param name="typed">What is typed, as printf(1) has it.</param>
    /// <param name="arguments">More arguments.</param>
    public async Task<CommandResult> ApplyOnTerminalAsync(string portfile, string typed, params string[] arguments)
    {
        var file = _folder["portfile.yaml"];
        await File.WriteAllTextAsync(file, portfile);
        string[] command = [EntrepotProcess.Program, "ports", "apply", file, "--node", "host", "--socket", Socket, .. arguments];
        return await _host.RunAsync("sh", "-c", $"printf '{typed}' | script -qec '{string.Join(' ', command)}' /dev/null");
    }

    /// <summary>SIGKILL: nothing is tidied.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await Command.RunAsync("kill", "-TERM", _process.Id.ToString(CultureInfo.InvariantCulture));
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is not null)
            _output.Enqueue(line);
    }
}
