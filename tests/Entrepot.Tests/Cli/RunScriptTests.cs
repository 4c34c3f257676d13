using System.Diagnostics;
using Entrepot.Tests.Server.Configuration;

namespace Entrepot.Tests.Cli;

/// <summary>The <c>run</c> script, with a program in the place of dotnet that tells what it was called with.</summary>
public sealed class RunScriptTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot run-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_link_to_it_runs_the_clone_that_it_leads_to()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "needs bash");
        var clone = Directory.CreateDirectory(At("clone")).FullName;
        foreach (var file in new[] { "src/a.cs", "Directory.Build.props", "global.json", ".editorconfig", "BannedSymbols.txt", "artifacts/bin/Entrepot/release/entrepot.dll" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(clone, file))!);
            File.WriteAllText(Path.Combine(clone, file), "");
        }

        // Newer than all that it is built from, so that nothing is built.
        File.SetLastWriteTimeUtc(Path.Combine(clone, "artifacts/bin/Entrepot/release/entrepot.dll"), DateTime.UtcNow.AddHours(1));
        File.Copy(Path.Combine(RepositoryFiles.Root, "run"), Path.Combine(clone, "run"));
        File.WriteAllText(At("dotnet"), "#!/bin/sh\necho \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(At("dotnet"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Directory.CreateDirectory(At("bin"));
        File.CreateSymbolicLink(At("bin/second"), Path.Combine("..", "clone", "run"));
        File.CreateSymbolicLink(At("bin/entrepot"), At("bin/second"));

        var start = new ProcessStartInfo("bash", [At("bin/entrepot"), "nodes"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_ROOT"] = _folder;
        using var run = Process.Start(start)!;
        var output = await run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);

        error.ShouldBe("");
        output.ShouldBe(Path.Combine(clone, "artifacts/bin/Entrepot/release/entrepot.dll") + " nodes\n");
    }

    private string At(string name) => Path.Combine(_folder, name);
}
