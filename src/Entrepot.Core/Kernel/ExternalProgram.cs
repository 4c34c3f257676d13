using System.Diagnostics;
using System.Text;

namespace Entrepot.Core.Kernel;

/// <summary>What a program left.</summary>
/// <param name="ExitCode">0 for success, by custom.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its error output.</param>
public sealed record ProgramResult(int ExitCode, string Output, string Error);

/// <summary>Starts other programs: with a list of arguments, never through a shell, in the C locale, with a time limit and bounded
/// output.</summary>
public static class ExternalProgram
{
    /// <summary>Most characters that are taken of each output. A ruleset of 65,536 elements in JSON is some 10 MB.</summary>
    public const int OutputLimit = 64 << 20;

    // A privileged process takes programs from nowhere else, whatever PATH says.
    private static readonly string[] Folders = OperatingSystem.IsWindows()
        ? [Environment.SystemDirectory]
        : ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

    /// <summary>Where a program is, or null when it is not in a folder of the system.</summary>
    public static string? Find(string name) => Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end.</summary>
    /// <param name="path">Absolute path of the program.</param>
    /// <param name="arguments">Its arguments, passed as they are.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="limit">Time after which it is killed.</param>
    /// <param name="cancellation">Kills it.</param>
    /// <exception cref="TimeoutException">It did not end in time.</exception>
    /// <exception cref="InvalidDataException">It wrote more than <see cref="OutputLimit"/>.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">It can't be started.</exception>
    public static async Task<ProgramResult> RunAsync(
        string path, IReadOnlyList<string> arguments, string input, TimeSpan limit, CancellationToken cancellation)
    {
        using var process = new Process { StartInfo = Describe(path, arguments) };
        process.Start();
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timer.CancelAfter(limit);
        try
        {
            var output = ReadAsync(process.StandardOutput, timer.Token);
            var error = ReadAsync(process.StandardError, timer.Token);
            await WriteAsync(process.StandardInput, input, timer.Token);
            await process.WaitForExitAsync(timer.Token);
            return new ProgramResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{path} did not end within {limit.TotalSeconds:0} s.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Starts a program that goes on when this process ends, however it ends. It gets no terminal and nobody reads what it
    /// writes; leaving this process's session is up to it (<see cref="PosixProcess.LeaveSession"/>).</summary>
    /// <returns>Its process id.</returns>
    /// <exception cref="System.ComponentModel.Win32Exception">It can't be started.</exception>
    public static int StartDetached(string path, IReadOnlyList<string> arguments)
    {
        using var process = new Process { StartInfo = Describe(path, arguments) };
        process.Start();
        process.StandardInput.Close();
        process.StandardOutput.Close();
        process.StandardError.Close();
        return process.Id;
    }

    private static ProcessStartInfo Describe(string path, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        // Messages are compared and shown: always in the program's own words.
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    private static async Task WriteAsync(StreamWriter writer, string input, CancellationToken cancellation)
    {
        try
        {
            await writer.WriteAsync(input.AsMemory(), cancellation);
            writer.Close();
        }
        catch (IOException)
        {
            // It ended without reading everything; its exit code says why.
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        var buffer = new char[16 << 10];
        for (int count; (count = await reader.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (text.Length + count > OutputLimit)
                throw new InvalidDataException($"A program wrote more than {OutputLimit} characters.");
            text.Append(buffer, 0, count);
        }

        return text.ToString();
    }
}
