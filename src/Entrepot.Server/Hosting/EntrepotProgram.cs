namespace Entrepot.Server.Hosting;

/// <summary>The program that runs this node.</summary>
internal static class EntrepotProgram
{
    /// <summary>Its file, or null when another program hosts the node.</summary>
    public static string? Path { get; } =
        System.IO.Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "entrepot" ? Environment.ProcessPath : null;
}
