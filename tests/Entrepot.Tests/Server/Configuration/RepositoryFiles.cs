namespace Entrepot.Tests.Server.Configuration;

/// <summary>Finds files of the repository from a test's folder of output.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Entrepot.slnx")))
                return folder;
        }

        throw new InvalidOperationException("The tests run outside the repository.");
    }
}
