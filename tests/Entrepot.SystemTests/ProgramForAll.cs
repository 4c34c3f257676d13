namespace Entrepot.SystemTests;

/// <summary>A copy of the program that every user of the machine may run; the sources may well be in a folder that only their owner
/// may enter.</summary>
internal static class ProgramForAll
{
    /// <summary>Copies the program with what it needs into a folder that all may read.</summary>
    /// <param name="folder">Becomes readable for all.</param>
    /// <returns>Path of the program.</returns>
    public static async Task<string> CopyAsync(TestFolder folder)
    {
        var copy = folder["program"];
        Directory.CreateDirectory(copy);
        var source = AppContext.BaseDirectory;
        var parts = Directory.GetFiles(source).Where(static file => Path.GetExtension(file) is ".dll" or ".json" or ".so" or "")
            .Append(Path.Combine(source, "runtimes")).Where(Path.Exists);
        (await Command.RunAsync("cp", ["-R", .. parts, copy])).ShouldSucceed();
        (await Command.RunAsync("chmod", "-R", "a+rX", folder.Root)).ShouldSucceed();
        return Path.Combine(copy, Path.GetFileName(EntrepotProcess.Program));
    }
}
