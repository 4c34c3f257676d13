using Microsoft.Extensions.Logging;

namespace Entrepot.FunctionalTests;

/// <summary>Shows warnings and errors of the product beside the test that met them.</summary>
internal sealed class TestLog(ITestOutputHelper? output) : ILoggerProvider
{
    public static ILoggerFactory Factory => LoggerFactory.Create(static logging => logging.AddProvider(new TestLog(TestContext.Current.TestOutputHelper)));

    public ILogger CreateLogger(string categoryName) => new Line(categoryName, output);

    public void Dispose()
    {
    }

    private sealed class Line(string category, ITestOutputHelper? output) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                output?.WriteLine($"{logLevel} {category}: {formatter(state, exception)} {exception}");
        }
    }
}
