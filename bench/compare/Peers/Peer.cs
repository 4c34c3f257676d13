using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Entrepot.Compare.Peers;

/// <summary>A server under test: a process of ours, pinned to CPU 0.</summary>
internal abstract class Peer(string name) : IAsyncDisposable
{
    public string Name => name;

    /// <summary>Where it answers downloads.</summary>
    public abstract IPEndPoint Downloads { get; }

    /// <summary>The processes whose CPU time counts.</summary>
    protected abstract IEnumerable<int> ProcessIds { get; }

    /// <summary>The path under which a file of the set is downloaded.</summary>
    public abstract string DownloadPath(string file);

    /// <summary>Sends one file and returns when the server has answered.</summary>
    public abstract Task UploadAsync(string file, string name);

    /// <summary>Waits until the server has done whatever it does about an upload after answering it.</summary>
    public virtual Task SettleAsync(string name) => Task.CompletedTask;

    public abstract ValueTask DisposeAsync();

    /// <summary>CPU time in seconds that the server's processes have used, user and system (proc(5), fields 14 and 15).</summary>
    public double CpuSeconds()
        => ProcessIds.Sum(static pid =>
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
        });

    protected static Process StartPinned(string program, IEnumerable<string> arguments, string output)
    {
        var start = new ProcessStartInfo("taskset") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "-c", "0", program }.Concat(arguments))
            start.ArgumentList.Add(argument);
        // The load generator's setting must not reach the server.
        start.Environment.Remove("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS");
        var process = Process.Start(start)!;
        var log = new StreamWriter(output) { AutoFlush = true };
        process.OutputDataReceived += (_, line) => Write(log, line.Data);
        process.ErrorDataReceived += (_, line) => Write(log, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    protected static async Task StopAsync(Process process)
    {
        if (!process.HasExited)
            using (var stop = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]))
                await stop.WaitForExitAsync();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    protected static async Task UntilAsync(Func<Task<bool>> ready, string what)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < TimeSpan.FromSeconds(60))
        {
            try
            {
                if (await ready())
                    return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(100);
        }

        throw new TimeoutException(what);
    }

    private static void Write(StreamWriter log, string? line)
    {
        if (line is null)
            return;
        lock (log)
            log.WriteLine(line);
    }
}
