using Entrepot.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Tls;

/// <summary>The certificate files of a node, each read once however many surfaces use it.</summary>
internal sealed class CertificateFiles(TimeProvider time, ILogger logger)
{
    /// <summary>How often it is looked whether a file changed. A tool that renews certificates waits longer than that anyway.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock _adding = new();
    private readonly Dictionary<(string, string?, string?), CertificateFile> _files = [];

    /// <summary>The file that settings name, or null.</summary>
    /// <exception cref="Core.Faults.FaultException"><see cref="TlsFault"/>.</exception>
    public CertificateFile? Open(TlsSettings settings)
    {
        if (settings.Certificate is not { } path)
            return null;
        lock (_adding)
        {
            var key = (path, settings.Key, settings.PasswordFile);
            if (!_files.TryGetValue(key, out var file))
                _files.Add(key, file = CertificateFile.Open(settings, time, logger));
            return file;
        }
    }

    /// <summary>Looks again and again until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(cancellation))
        {
            List<CertificateFile> files;
            lock (_adding)
                files = [.. _files.Values];
            foreach (var file in files)
                file.Refresh();
        }
    }
}
