using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Entrepot.Server.Api;
using Entrepot.Server.Hosting;

namespace Entrepot.SystemTests;

/// <summary>The real program in a process of its own, so that it can be killed without warning.</summary>
internal sealed class EntrepotProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(90);

    /// <summary>Whichever ports the kernel finds free, heart-beats often enough that a test need not wait for them.</summary>
    public const string AnyPorts = """
        surfaces:
          push: {port: 0}
          metadata: {port: 0}
          admin: {port: 0}
          scheduler: {port: 0}
        heartbeat: {interval: 1s}
        """;

    private readonly ConcurrentQueue<string> _output = new();
    private readonly Process _process;

    private EntrepotProcess(Process process, string data) => (_process, Data) = (process, data);

    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "entrepot.exe" : "entrepot");

    public string Data { get; }

    public int Id => _process.Id;

    public NetworkDocument Network { get; private set; } = new("", "", []);

    /// <summary>Everything the program printed, for assertions on what it says and for the message of a failed test.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Resident memory now and its highest so far, in MiB (proc(5), VmRSS and VmHWM).</summary>
    public (long Now, long Peak) Memory
    {
        get
        {
            var status = File.ReadAllLines($"/proc/{Id}/status");
            return (Read("VmRSS:"), Read("VmHWM:"));

            long Read(string name) => long.Parse(
                status.Single(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture) / 1024;
        }
    }

    /// <summary>Has a join token made, and says how a node of another folder joins with it.</summary>
    /// <param name="data">The data folder of the node that is to join.</param>
    /// <param name="role">What it is to be.</param>
    public async Task<string[]> JoinArgumentsAsync(string data, string role = "edge")
    {
        var token = data + ".token";
        var made = await CommandAsync("node", "token", "--role", role, "--ttl", "10m");
        if (made.ExitCode != 0)
            throw new InvalidOperationException($"No join token: {made.Output}");
        await File.WriteAllTextAsync(token, made.Output);
        return ["--join", new UriBuilder(Url("admin")) { Scheme = Uri.UriSchemeHttps }.Uri.GetLeftPart(UriPartial.Authority), "--token-file", token];
    }

    /// <summary>Starts <c>serve</c> or <c>up</c> on a data folder and waits until its surfaces are announced.</summary>
    public static Task<EntrepotProcess> StartAsync(string data, params string[] arguments) => StartWithAsync(AnyPorts, data, arguments);

    /// <summary>As <see cref="StartAsync"/>, with settings in YAML.</summary>
    public static async Task<EntrepotProcess> StartWithAsync(string settings, string data, params string[] arguments)
    {
        var configuration = data + ".yaml";
        await File.WriteAllTextAsync(configuration, settings);
        var process = new Process { StartInfo = Describe([.. arguments, "--config", configuration, "--data", data]) };
        // As a reader of the docs would have it: the data folder is ./data, and the program is called ./run.
        process.StartInfo.WorkingDirectory = Path.GetDirectoryName(data)!;
        process.StartInfo.Environment["ENTREPOT_COMMAND"] = "./run";
        var started = new EntrepotProcess(process, data);
        process.OutputDataReceived += (_, line) => started.Take(line.Data);
        process.ErrorDataReceived += (_, line) => started.Take(line.Data);
        // A killed process leaves its announcement behind.
        if (File.Exists(DataFolder.NetworkFile(data)))
            File.Delete(DataFolder.NetworkFile(data));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var watch = Stopwatch.StartNew();
        while (!started.TryReadNetwork())
        {
            if (process.HasExited)
                throw new InvalidOperationException($"entrepot {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{started.Output}");
            if (watch.Elapsed > StartDeadline)
            {
                process.Kill(entireProcessTree: true);
                throw new TimeoutException($"entrepot {string.Join(' ', arguments)} did not start:\n{started.Output}");
            }

            await Poll.OnceAsync();
        }

        return started;
    }

    /// <summary>Runs a command to its end.</summary>
    public static Task<CommandResult> RunAsync(params string[] arguments) => Command.RunAsync(Program, arguments);

    /// <summary>Runs a command against this node.</summary>
    public Task<CommandResult> CommandAsync(params string[] arguments) => RunAsync([.. arguments, "--data", Data]);

    /// <summary>Base address of one of this process's surfaces.</summary>
    public Uri Url(string surface, string? node = null)
        => new(Network.Surfaces.First(s => s.Surface == surface && (node is null || s.Node == node)).Url);

    /// <summary>The credential that the node wrote for this machine, as a header's value.</summary>
    public AuthenticationHeaderValue Credential => new("Bearer", File.ReadAllText(DataFolder.OperatorTokenFile(Data)).Trim());

    /// <summary>SIGKILL: nothing is flushed, closed or tidied.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using var terminate = Process.Start("kill", ["-TERM", Id.ToString(CultureInfo.InvariantCulture)]);
            await terminate.WaitForExitAsync();
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(40));
            try
            {
                await _process.WaitForExitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                await KillAsync();
            }
        }

        _process.Dispose();
    }

    private static ProcessStartInfo Describe(IEnumerable<string> arguments)
        => new(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };

    private bool TryReadNetwork()
    {
        try
        {
            var bytes = File.ReadAllBytes(DataFolder.NetworkFile(Data));
            Network = JsonSerializer.Deserialize(bytes, ApiJson.Default.NetworkDocument)!;
            return true;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    private void Take(string? line)
    {
        if (line is not null)
            _output.Enqueue(line);
    }
}
