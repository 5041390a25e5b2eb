package aliyun

import (
	"testing"

	rds "github.com/alibabacloud-go/rds-20140815/v13/client"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
)

// The samples of the reference write scalars otherwise than its type column,
// which the vendor's types follow.
func TestAnswersInEitherSpelling(t *testing.T) {
	for _, answer := range []string{
		`{"PageNumber":1,"TotalRecordCount":"2","TotalEcsSnapshotSize":"7","Items":{"Backup":[{"BackupId":314,"IsAvail":"1","CopyOnlyBackup":0,"StorageClass":1,"BackupSize":"77","Encryption":{"a":1},"BackupDownloadLinkByDB":""},{"BackupId":"315","IsAvail":true,"BackupSize":78.0,"BackupDownloadLinkByDB":{"BackupDownloadLinkByDB":[{"DataBase":12}]}}],"New":[1]},"Newer":{}}`,
		`{"PageNumber":"1","TotalRecordCount":2,"TotalEcsSnapshotSize":7,"Items":{"Backup":[{"BackupId":"314","IsAvail":1,"CopyOnlyBackup":"0","StorageClass":"1","BackupSize":77,"Encryption":"{\"a\":1}"},{"BackupId":315,"IsAvail":1,"BackupSize":78,"BackupDownloadLinkByDB":{"BackupDownloadLinkByDB":[{"DataBase":"12"}]}}]}}`,
	} {
		var got rds.DescribeBackupsResponseBody
		if err := signedcall.Decode([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		one, two := got.Items.Backup[0], got.Items.Backup[1]
		if *got.PageNumber != "1" || *got.TotalRecordCount != "2" || *got.TotalEcsSnapshotSize != 7 || *one.BackupId != "314" || *one.IsAvail != 1 ||
			*one.CopyOnlyBackup != "0" || *one.StorageClass != "1" || *one.BackupSize != 77 || *one.Encryption != `{"a":1}` ||
			len(one.BackupDownloadLinkByDB.BackupDownloadLinkByDB) != 0 || *two.BackupId != "315" || *two.IsAvail != 1 || *two.BackupSize != 78 ||
			*two.BackupDownloadLinkByDB.BackupDownloadLinkByDB[0].DataBase != "12" || two.Checksum != nil {
			t.Errorf("got %s", dara.Prettify(got))
		}
	}
}

func TestWhatIsMissingIsUnset(t *testing.T) {
	for _, answer := range []string{`{}`, `{"Items":null}`, `{"Items":{}}`, `{"Items":{"Backup":null}}`, `{"Items":""}`} {
		var got rds.DescribeBackupsResponseBody
		if err := signedcall.Decode([]byte(answer), &got); err != nil || got.Items == nil || len(got.Items.Backup) != 0 || got.RequestId != nil {
			t.Errorf("%s: %v %s", answer, err, dara.Prettify(got))
		}
	}
	var got rds.DescribeBackupsResponseBody
	if err := signedcall.Decode([]byte(`{"Items":{"Backup":[{"IsAvail":"","BackupId":null},null]}}`), &got); err != nil ||
		got.Items.Backup[0].IsAvail != nil || got.Items.Backup[0].BackupId != nil || got.Items.Backup[1] == nil {
		t.Errorf("%v %s", err, dara.Prettify(got))
	}
}

func TestTruthValues(t *testing.T) {
	for answer, want := range map[string]bool{`true`: true, `"true"`: true, `1`: true, `"Enable"`: true, `false`: false, `"False"`: false, `0`: false, `"Disabled"`: false} {
		var got BackupPolicy
		if err := signedcall.Decode([]byte(`{"EnableIncrementDataBackup":`+answer+`,"AdvancedBackupPolicyEnabled":`+answer+`}`), &got); err != nil ||
			*got.EnableIncrementDataBackup != want || *got.AdvancedBackupPolicyEnabled != want {
			t.Errorf("%s: %v %v", answer, dara.BoolValue(got.EnableIncrementDataBackup), err)
		}
	}
}

func TestAnswersOfAnotherShapeAreRefused(t *testing.T) {
	for _, answer := range []string{``, `[]`, `{`, `{"Items":[]}`, `{"Items":{"Backup":{}}}`, `{"Items":{"Backup":[{"BackupSize":"many"}]}}`,
		`{"Items":{"Backup":[{"BackupSize":1.5}]}}`, `{"Items":{"Backup":[{"IsAvail":4294967297}]}}`, `{"Items":{"Backup":[{"BackupSize":[]}]}}`} {
		var got rds.DescribeBackupsResponseBody
		if err := signedcall.Decode([]byte(answer), &got); err == nil {
			t.Errorf("%s was read as %s", answer, dara.Prettify(got))
		}
	}
}

// Copies of other regions have ids of which the vendor's type says that they
// are small numbers.
func TestIdsOfCopiesAreTexts(t *testing.T) {
	var got CrossRegionBackups
	err := signedcall.Decode([]byte(`{"TotalRecordCount":"2","Items":{"Item":[{"CrossBackupId":9007199254740993,"BackupSetStatus":0},{"CrossBackupId":"c-1","BackupSetStatus":"1","CrossBackupSetSize":"5"}]}}`), &got)
	if err != nil || *got.TotalRecordCount != 2 || *got.Items.Item[0].CrossBackupId != "9007199254740993" || *got.Items.Item[0].BackupSetStatus != "0" ||
		*got.Items.Item[1].CrossBackupId != "c-1" || *got.Items.Item[1].CrossBackupSetSize != 5 {
		t.Errorf("%v %+v", err, got)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"Items":{"Backup":[{"BackupId":1,"BackupDownloadLinkByDB":null}]}}`))
	f.Add([]byte(`{"Items":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got rds.DescribeBackupsResponseBody
		if signedcall.Decode(b, &got) == nil {
			for _, row := range got.Items.Backup {
				set(row)
			}
		}
	})
}
