-- What the script works with.
DECLARE @stop nvarchar(2000), @line nvarchar(2000), @sql nvarchar(4000), @proc nvarchar(300), @server nvarchar(128);
DECLARE @version nvarchar(128), @edition nvarchar(128), @major int = 0, @minor int = 0, @engine int = 0, @admin bit = 0, @packs bit = 0;
DECLARE @n int = 0, @id int, @name nvarchar(128), @shown nvarchar(300), @state nvarchar(60), @model nvarchar(60), @verify nvarchar(60);
DECLARE @standby bit, @readonly bit, @snapshot int, @tde bit, @distributor bit, @chain numeric(25, 0), @base uniqueidentifier, @base_at datetime;
DECLARE @group nvarchar(128), @role nvarchar(60), @good datetime, @fd int, @fx int, @used bigint, @found int, @last datetime, @by nvarchar(128);
DECLARE @path nvarchar(300), @file nvarchar(260), @set nvarchar(128), @safe nvarchar(60), @i int, @code int, @at datetime, @suffix nvarchar(8);
DECLARE @separator nchar(1), @volume nvarchar(512), @free bigint, @need bigint, @there int, @isfile int, @error int, @bytes bigint;
DECLARE @taken int = 0, @failed int = 0, @left int = 0, @outcome nvarchar(20), @text nvarchar(2000), @told int = 0;
DECLARE @todo TABLE (n int IDENTITY(1, 1) PRIMARY KEY, id int NULL, name nvarchar(128) NOT NULL, outcome nvarchar(20) NULL, used bigint NULL, path nvarchar(300) NULL, bytes bigint NULL);
DECLARE @says TABLE (k int IDENTITY(1, 1) PRIMARY KEY, n int NOT NULL, grade nvarchar(4) NOT NULL, text nvarchar(2000) NOT NULL);
DECLARE @info TABLE (parent nvarchar(255) NULL, object nvarchar(255) NULL, field nvarchar(255) NULL, value nvarchar(255) NULL);
DECLARE @place TABLE (isfile int NULL, isfolder int NULL, parent int NULL);
DECLARE @drives TABLE (drive nvarchar(10) NULL, megabytes bigint NULL);

-- The server. SQL Server 2008 R2 is version 10.50.
SET @version = CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion'));
SET @edition = CONVERT(nvarchar(128), SERVERPROPERTY('Edition'));
SET @server = CONVERT(nvarchar(128), SERVERPROPERTY('ServerName'));
SET @engine = CONVERT(int, SERVERPROPERTY('EngineEdition'));
SET @major = CONVERT(int, LEFT(@version, CHARINDEX(N'.', @version) - 1));
SET @i = CHARINDEX(N'.', @version);
SET @minor = CONVERT(int, SUBSTRING(@version, @i + 1, CHARINDEX(N'.', @version + N'..', @i + 1) - @i - 1));
SET @admin = ISNULL(IS_SRVROLEMEMBER('sysadmin'), 0);
SET @kind = UPPER(LTRIM(RTRIM(@kind)));
SET @folder = LTRIM(RTRIM(@folder));
WHILE LEN(@folder) > 3 AND RIGHT(@folder, 1) IN (N'\', N'/')
    SET @folder = LEFT(@folder, LEN(@folder) - 1);
SET @separator = CASE WHEN LEFT(@folder, 1) = N'/' THEN N'/' ELSE N'\' END;
-- Express cannot compress backups. Web can since 2016 SP1; being wrong there would cost the backup.
SET @packs = CASE WHEN @compress = 1 AND @engine IN (2, 3) AND @edition NOT LIKE N'Web%' THEN 1 ELSE 0 END;

IF @@TRANCOUNT > 0
    SET @stop = N'A transaction is open in this session, and BACKUP is refused inside one (error 3021). Commit it or roll it back, then run the script again.';
ELSE IF @kind IS NULL OR @kind NOT IN (N'FULL', N'DIFF', N'LOG')
    SET @stop = N'@kind is none of FULL, DIFF and LOG.';
ELSE IF @engine NOT IN (1, 2, 3, 4)
    SET @stop = N'This is a service of Azure, which writes no backup into a folder. The script is for SQL Server 2008 R2 and later.';
ELSE IF @major < 10 OR @major = 10 AND @minor < 50
    SET @stop = N'This is version ' + @version + N'. The script is for SQL Server 2008 R2 (10.50) and later.';
ELSE IF @target_major > 0 AND @major > @target_major
    SET @stop = N'This server has version ' + @version + N', the target is older (' + @target_version + N'). SQL Server never restores to an older version: choose a target of the same or a newer one.';
ELSE IF @folder IS NULL OR NOT (SUBSTRING(@folder, 2, 2) = N':\' OR LEFT(@folder, 2) = N'\\' OR LEFT(@folder, 1) = N'/')
    SET @stop = N'@folder is not a whole path as the server sees it, such as D:\backup, \\host\share\backup or /var/backups.';
ELSE IF LEN(@folder) > 160
    SET @stop = N'@folder has more than 160 characters: the names of the files would not fit behind it.';

SET @line = N'Server ' + ISNULL(@server, N'?') + N', version ' + ISNULL(@version, N'?') + N', ' + ISNULL(@edition, N'?') + N'. ';
SET @line = @line + CASE WHEN @run = 1 THEN N'Backups are taken.' ELSE N'Check only: nothing is taken and nothing is made.' END;
RAISERROR(N'%s', 0, 1, @line) WITH NOWAIT;
IF @major > 17
    RAISERROR(N'  note: this version is newer than SQL Server 2025, the newest that the script knows.', 0, 1) WITH NOWAIT;
IF @compress = 1 AND @packs = 0
    RAISERROR(N'  note: this edition does not compress backups; they are taken without compression.', 0, 1) WITH NOWAIT;
IF @admin = 0
    RAISERROR(N'  note: this login is no sysadmin. The folder must exist, and some checks may be left out.', 0, 1) WITH NOWAIT;
