using Entrepot.Core.Faults;

namespace Entrepot.Cli;

/// <summary>A file for the bytes of a standard stream: a transfer needs to read them twice. In a folder that nobody else may read; gone at the end.</summary>
internal sealed class ScratchFile : IDisposable
{
    private readonly string _folder;

    public ScratchFile()
    {
        try
        {
            _folder = Directory.CreateTempSubdirectory("entrepot-").FullName;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(error);
        }
    }

    /// <summary>Where the file goes; it is not there yet.</summary>
    public string File => Path.Combine(_folder, "bytes");

    /// <summary>Fills it from a stream.</summary>
    public async Task FillAsync(Stream source, CancellationToken cancellation)
    {
        try
        {
            await using var file = System.IO.File.Create(File);
            await source.CopyToAsync(file, cancellation);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(error);
        }
    }

    /// <summary>Writes it to a stream.</summary>
    public async Task EmptyAsync(Stream target, CancellationToken cancellation)
    {
        await using var file = System.IO.File.OpenRead(File);
        try
        {
            await file.CopyToAsync(target, cancellation);
            await target.FlushAsync(cancellation);
        }
        catch (IOException error)
        {
            throw Fault.Of(
                CliFault.Output, FaultKind.Unavailable, $"The standard output can't be written: {error.Message.TrimEnd('.')}.", "See what reads it.").ToException(error);
        }
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The system empties its folder of temporary files.
        }
    }

    private static FaultException Unusable(Exception error) => Fault.Of(
        CliFault.Output, error is UnauthorizedAccessException ? FaultKind.Forbidden : FaultKind.Exhausted,
        $"The bytes can't be put aside in '{Path.GetTempPath()}': {error.Message.TrimEnd('.')}.", "Name another folder with TMPDIR.").ToException(error);
}
