using System.Reflection;

namespace Entrepot.Core.Kernel;

/// <summary>How this program is started once more: by its own file, or as <c>dotnet entrepot.dll</c>.</summary>
/// <param name="Path">The file to start.</param>
/// <param name="Before">The arguments that come before the program's own.</param>
public sealed record OwnProgram(string Path, IReadOnlyList<string> Before)
{
    /// <summary>This process's program, or null where the system does not tell its file.</summary>
    public static OwnProgram? Current { get; } = Find(Environment.ProcessPath, Assembly.GetEntryAssembly()?.Location);

    /// <summary>The name of the program that is started, without folder and ending.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Before is [var assembly, ..] ? assembly : Path);

    /// <summary>The program of a process.</summary>
    /// <param name="process">Its executable, or null.</param>
    /// <param name="assembly">Its entry assembly; empty or null where there is none as a file.</param>
    internal static OwnProgram? Find(string? process, string? assembly)
        => process is null ? null
            : System.IO.Path.GetFileNameWithoutExtension(process) == "dotnet" && assembly is { Length: > 0 } ? new OwnProgram(process, [assembly])
            : new OwnProgram(process, []);
}
